/* ---------------------------------------------------------------
   shop.vTitleFull
   --------------------------------------------------------------- */
CREATE OR ALTER VIEW [shop].[vTitleFull]
AS
SELECT t.*, a.PenName AS AuthorName, a.RoyaltyRate
FROM shop.Title AS t
INNER JOIN shop.Author AS a ON a.AuthorID = t.AuthorID
GO
