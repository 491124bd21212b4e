CREATE TABLE [dw].[FactSale]
(
    [SaleKey]      BIGINT IDENTITY(1,1) NOT NULL,
    [OrderID]      BIGINT         NOT NULL,
    [LineNo]       SMALLINT       NOT NULL,
    [DateKey]      INT            NOT NULL,
    [TitleKey]     INT            NOT NULL,
    [CustomerKey]  INT            NOT NULL,
    [Quantity]     INT            NOT NULL,
    [GrossEUR]     DECIMAL(18, 2) NOT NULL,
    [NetEUR]       DECIMAL(18, 2) NOT NULL,
    [RoyaltyEUR]   DECIMAL(18, 2) NULL,
    [LoadedAt]     DATETIME2(0)   NOT NULL
)
ON [PRIMARY]
WITH (DATA_COMPRESSION = PAGE);
GO
