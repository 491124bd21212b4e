CREATE TABLE [shop].[Title]
(
    [TitleID]      INT            NOT NULL,
    [ISBN13]       CHAR(13)       NOT NULL,
    [TitleName]    NVARCHAR(400)  NOT NULL,
    [AuthorID]     INT            NOT NULL CONSTRAINT [FK_Title_Author] REFERENCES [shop].[Author] ([AuthorID]),
    [GenreCode]    VARCHAR(10)    NULL,
    [ListPrice]    MONEY          NOT NULL,
    [PublishedOn]  DATE           NULL,
    CONSTRAINT [PK_Title] PRIMARY KEY ([TitleID]),
    INDEX [IX_Title_ISBN] ([ISBN13])
);
GO
