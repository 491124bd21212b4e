/* ---------------------------------------------------------------
   dw.vMonthlyGenre
   --------------------------------------------------------------- */
CREATE OR ALTER VIEW [dw].[vMonthlyGenre]
AS
SELECT MonthKey, Genre, Country,
       SUM(NetEUR) AS NetEUR, SUM(Quantity) AS Copies, COUNT(DISTINCT OrderID) AS Orders,
       SUM(NetEUR) / NULLIF(SUM(Quantity), 0) AS NetPerCopy
FROM dw.vSale
GROUP BY MonthKey, Genre, Country
GO
