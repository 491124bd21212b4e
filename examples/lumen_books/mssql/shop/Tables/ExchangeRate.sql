CREATE TABLE [shop].[ExchangeRate]
(
    [Currency]  CHAR(3)        NOT NULL,
    [RateDate]  DATE           NOT NULL,
    [ToEUR]     DECIMAL(18, 8) NOT NULL,
    PRIMARY KEY ([Currency], [RateDate])
);
GO
