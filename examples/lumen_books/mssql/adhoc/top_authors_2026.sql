-- asked for by marketing, April
SELECT a.PenName, s.TitleName, s.NetEUR
INTO dw.TopAuthors2026
FROM shop.Author a
CROSS APPLY dw.fnSalesOfAuthor(a.PenName) s
WHERE s.NetEUR > 1000
GO
-- TODO finish: does not run yet
SELECT TitleName, SUM(NetEUR FROM dw.vSale GROUP BY TitleName
GO
SELECT COUNT(*) FROM dw.TopAuthors2026
GO
