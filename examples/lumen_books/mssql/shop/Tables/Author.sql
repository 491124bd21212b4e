CREATE TABLE [shop].[Author]
(
    [AuthorID]     INT            IDENTITY(1,1) NOT NULL,
    [PenName]      NVARCHAR(200)  NOT NULL,
    [LegalName]    NVARCHAR(200)  MASKED WITH (FUNCTION = 'partial(1,"xxx",1)') NULL,
    [CountryCode]  CHAR(2)        NOT NULL,
    [RoyaltyRate]  DECIMAL(5, 4)  NOT NULL CONSTRAINT [DF_Author_Rate] DEFAULT (0.10),
    CONSTRAINT [PK_Author] PRIMARY KEY CLUSTERED ([AuthorID])
);
GO
