CREATE TABLE [shop].[Order]
(
    [OrderID]      BIGINT         NOT NULL PRIMARY KEY,
    [CustomerID]   INT            NOT NULL,
    [OrderedAt]    DATETIME2(0)   NOT NULL,
    [StatusCode]   CHAR(1)        NOT NULL,
    [Currency]     CHAR(3)        NOT NULL,
    [ShippingCost] MONEY          NOT NULL DEFAULT (0)
);
GO
