CREATE TABLE [shop].[Customer]
(
    [CustomerID]   INT            NOT NULL PRIMARY KEY,
    [Email]        NVARCHAR(320)  NOT NULL,
    [FullName]     NVARCHAR(200)  NULL,
    [CountryCode]  CHAR(2)        NOT NULL,
    [JoinedAt]     DATETIME2(0)   NOT NULL
);
GO
