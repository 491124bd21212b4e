CREATE TABLE [dw].[DimTitle]
(
    [TitleKey]     INT IDENTITY(1,1) NOT NULL PRIMARY KEY,
    [TitleID]      INT            NOT NULL,
    [TitleName]    NVARCHAR(400)  NOT NULL,
    [AuthorName]   NVARCHAR(200)  NOT NULL,
    [Genre]        VARCHAR(50)    NOT NULL,
    [ListPrice]    MONEY          NOT NULL,
    [RoyaltyRate]  DECIMAL(5, 4)  NOT NULL,
    [IsCurrent]    BIT            NOT NULL
);
GO
