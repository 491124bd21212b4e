SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
CREATE PROCEDURE dw.LoadFactSale
    @from_date DATE,
    @to_date   DATE
WITH RECOMPILE
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @rows INT;

    ;WITH line AS (
        SELECT OrderID, [LineNo], CustomerID, OrderedAt, TitleID, Quantity, GrossEUR, NetEUR
        FROM shop.vOrderLineEUR
        WHERE OrderedAt >= @from_date AND OrderedAt < @to_date
    )
    INSERT INTO dw.FactSale (OrderID, [LineNo], DateKey, TitleKey, CustomerKey, Quantity, GrossEUR, NetEUR, LoadedAt)
    SELECT line.OrderID, line.[LineNo], CONVERT(INT, CONVERT(CHAR(8), line.OrderedAt, 112)), t.TitleKey, c.CustomerKey,
           line.Quantity, line.GrossEUR, line.NetEUR, SYSUTCDATETIME()
    FROM line
    JOIN dw.DimTitle t ON t.TitleID = line.TitleID AND t.IsCurrent = 1
    JOIN dw.DimCustomer c ON c.CustomerID = line.CustomerID
    OPTION (MAXDOP 4)

    SET @rows = @@ROWCOUNT
    PRINT CONCAT('INSERT INTO FactSale: ', @rows)

    UPDATE f
    SET RoyaltyEUR = f.NetEUR * t.RoyaltyRate
    FROM dw.FactSale AS f
    INNER JOIN dw.DimTitle AS t ON t.TitleKey = f.TitleKey
    WHERE f.RoyaltyEUR IS NULL
END
GO
