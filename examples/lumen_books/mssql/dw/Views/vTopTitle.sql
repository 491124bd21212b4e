/* ---------------------------------------------------------------
   dw.vTopTitle
   --------------------------------------------------------------- */
CREATE OR ALTER VIEW [dw].[vTopTitle]
AS
SELECT TOP (100) ranked.TitleName, ranked.AuthorName, ranked.NetEUR, ranked.GenreRank
FROM (
    SELECT TitleName, AuthorName, SUM(NetEUR) AS NetEUR,
           RANK() OVER (PARTITION BY Genre ORDER BY SUM(NetEUR) DESC) AS GenreRank
    FROM dw.vSale
    GROUP BY TitleName, AuthorName, Genre
) AS ranked
WHERE ranked.GenreRank <= 10
ORDER BY ranked.NetEUR DESC
GO
