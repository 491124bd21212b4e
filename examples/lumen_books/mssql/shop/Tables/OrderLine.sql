CREATE TABLE [shop].[OrderLine]
(
    [OrderID]      BIGINT         NOT NULL,
    [LineNo]       SMALLINT       NOT NULL,
    [TitleID]      INT            NOT NULL,
    [Quantity]     INT            NOT NULL,
    [UnitPrice]    MONEY          NOT NULL,
    [DiscountPct]  DECIMAL(5, 2)  NOT NULL DEFAULT (0),
    [LineTotal]    AS ([Quantity] * [UnitPrice] * (1 - [DiscountPct] / 100)) PERSISTED,
    CONSTRAINT [PK_OrderLine] PRIMARY KEY ([OrderID], [LineNo])
);
GO
