CREATE TABLE [dw].[DimCustomer]
(
    [CustomerKey]  INT IDENTITY(1,1) NOT NULL PRIMARY KEY,
    [CustomerID]   INT            NOT NULL,
    [EmailHash]    VARBINARY(32)  NOT NULL,
    [Country]      NVARCHAR(100)  NOT NULL,
    [JoinedOn]     DATE           NOT NULL,
    [Segment]      VARCHAR(20)    NULL
);
GO
