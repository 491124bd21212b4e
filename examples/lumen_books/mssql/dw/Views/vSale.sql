/* ---------------------------------------------------------------
   dw.vSale
   --------------------------------------------------------------- */
CREATE OR ALTER VIEW [dw].[vSale]
AS
SELECT f.OrderID, f.Quantity, f.GrossEUR, f.NetEUR, f.RoyaltyEUR, t.TitleName, t.AuthorName, t.Genre, c.Country, c.Segment,
       f.DateKey / 100 AS MonthKey
FROM dw.FactSale f
JOIN dw.DimTitle t    ON t.TitleKey = f.TitleKey
JOIN dw.DimCustomer c ON c.CustomerKey = f.CustomerKey
GO
