SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
-- Slowly changing dimension, type 1 for the price, a new row for everything else
CREATE OR ALTER PROCEDURE [dw].[LoadDimTitle]
AS
BEGIN
    SET NOCOUNT ON
    BEGIN TRY
        MERGE dw.DimTitle WITH (HOLDLOCK) AS tgt
        USING (
            SELECT v.TitleID, v.TitleName, v.AuthorName, COALESCE(v.GenreCode, 'UNKNOWN') AS Genre, v.ListPrice, v.RoyaltyRate
            FROM shop.vTitleFull AS v
        ) AS src ON src.TitleID = tgt.TitleID
        WHEN MATCHED AND tgt.ListPrice <> src.ListPrice THEN
            UPDATE SET tgt.ListPrice = src.ListPrice, tgt.RoyaltyRate = src.RoyaltyRate
        WHEN NOT MATCHED BY TARGET THEN
            INSERT (TitleID, TitleName, AuthorName, Genre, ListPrice, RoyaltyRate, IsCurrent)
            VALUES (src.TitleID, src.TitleName, src.AuthorName, src.Genre, src.ListPrice, src.RoyaltyRate, 1)
        OUTPUT inserted.TitleKey, $action INTO dw.LoadLog (RowKey, [Action]);
    END TRY
    BEGIN CATCH
        IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION
        ;THROW
    END CATCH
END
GO
