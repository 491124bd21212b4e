CREATE TABLE [dw].[RoyaltyStatement]
(
    [AuthorName]  NVARCHAR(200)  NOT NULL,
    [Period]      CHAR(7)        NOT NULL,
    [SoldCopies]  INT            NOT NULL,
    [RoyaltyDue]  DECIMAL(18, 2) NOT NULL
);
GO
