CREATE FUNCTION dw.fnSalesOfAuthor (@name NVARCHAR(200))
RETURNS TABLE
AS RETURN
(
    SELECT TitleName, SUM(NetEUR) AS NetEUR, SUM(Quantity) AS Copies
    FROM dw.vSale
    WHERE AuthorName = @name
    GROUP BY TitleName
)
GO
