CREATE TABLE [dw].[LoadLog]
(
    [LoadID]     INT IDENTITY(1,1) PRIMARY KEY,
    [TableName]  SYSNAME NOT NULL,
    [RowKey]     BIGINT  NULL,
    [Action]     NVARCHAR(10) NOT NULL,
    [LoggedAt]   DATETIME2 NOT NULL DEFAULT (SYSUTCDATETIME())
);
GO
