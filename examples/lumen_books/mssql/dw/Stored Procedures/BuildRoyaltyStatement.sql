SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
CREATE PROC dw.BuildRoyaltyStatement @period CHAR(7) AS
DECLARE @totals TABLE (AuthorName NVARCHAR(200), Copies INT, Due DECIMAL(18, 2))

INSERT @totals (AuthorName, Copies, Due)
SELECT AuthorName, SUM(Quantity), SUM(RoyaltyEUR)
FROM dw.vSale
GROUP BY AuthorName

DELETE dw.RoyaltyStatement WHERE Period = @period

INSERT dw.RoyaltyStatement
SELECT AuthorName, @period, Copies, Due FROM @totals WHERE Due > 0
GO
