/* ---------------------------------------------------------------
   dw.vEverything
   --------------------------------------------------------------- */
CREATE OR ALTER VIEW [dw].[vEverything]
AS
SELECT * FROM dw.vSale
GO
