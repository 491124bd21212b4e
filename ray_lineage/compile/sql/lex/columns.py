"""CREATE TABLE and CREATE VIEW, read from tokens.

Their options differ in every engine and carry no lineage, so the grammar needed is small: the name, the columns, and
where a query begins. Reading them by hand is both sturdier and faster than a full parse."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name

_BEFORE_KIND: Final = frozenset(
    [
        "CREATE",
        "OR",
        "REPLACE",
        "ALTER",
        "TEMP",
        "TEMPORARY",
        "GLOBAL",
        "LOCAL",
        "TRANSIENT",
        "VOLATILE",
        "UNLOGGED",
        "EXTERNAL",
        "SECURE",
        "RECURSIVE",
        "FORCE",
        "NOFORCE",
        "EDITIONABLE",
        "NONEDITIONABLE",
        "MATERIALIZED",
        "MULTISET",
        "SET",
        "FOREIGN",
        "DYNAMIC",
        "HYBRID",
        "ICEBERG",
        "STREAMING",
        "LIVE",
        "PRIVATE",
        "IMMUTABLE",
        "REFRESH",
        "HIDDEN",
        "ALGORITHM",
        "DEFINER",
        "SQL",
        "SECURITY",
        "INVOKER",
        "UNDEFINED",
        "MERGE",
        "TEMPTABLE",
        "BLOCKCHAIN",
        "SHARDED",
    ]
)
_TABLE_ITEMS: Final = frozenset(
    [
        "CONSTRAINT",
        "PRIMARY",
        "UNIQUE",
        "FOREIGN",
        "CHECK",
        "INDEX",
        "PERIOD",
        "LIKE",
        "KEY",
        "EXCLUDE",
        "FULLTEXT",
        "SPATIAL",
        "CLUSTERED",
        "NONCLUSTERED",
        "SUPPLEMENTAL",
        "WATERMARK",
        "PROJECTION",
    ]
)
_AFTER_TYPE: Final = frozenset(
    [
        "NOT",
        "NULL",
        "PRIMARY",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "CONSTRAINT",
        "REFERENCES",
        "IDENTITY",
        "COLLATE",
        "ROWGUIDCOL",
        "SPARSE",
        "MASKED",
        "GENERATED",
        "AS",
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "COMMENT",
        "ENCODE",
        "DISTKEY",
        "SORTKEY",
        "ON",
        "KEY",
        "FORMAT",
        "COMPRESS",
        "CHARACTER",
        "HIDDEN",
        "ENCRYPTED",
        "PERSISTED",
        "INDEX",
        "OPTIONS",
        "VIRTUAL",
        "STORED",
        "INVISIBLE",
        "VISIBLE",
        "WITH",
        "CODEC",
        "TTL",
        "MATERIALIZED",
        "ALIAS",
        "EPHEMERAL",
        "FILESTREAM",
        "TITLE",
        "CASESPECIFIC",
        "UPPERCASE",
        "ENABLE",
        "DISABLE",
        "COLUMN_SET",
        "TAG",
        "MASKING",
        "POLICY",
        "STORAGE",
    ]
)


class ColumnItem(NamedTuple):
    """A column of a CREATE TABLE: the token of its name, its type's text, where a computed expression stands, and whether
    the engine itself fills the column in. ``comment``: what people wrote about it."""

    name: Token
    type: str
    computed: tuple[int, int]  # token range, (0, 0) if none
    filled: bool = False
    comment: str = ""


class Like(NamedTuple):
    """``LIKE other``: its columns stand in front of the column of that number."""

    at: int
    name: list[Token]


class CreateHead(NamedTuple):
    """What stands in front of the query: ``name`` and ``columns`` are tokens; ``query`` is the index where the query
    begins (the end if there is none); ``words`` are the upper-case words before TABLE or VIEW; ``likes``: tables whose columns it
    has, too."""

    words: frozenset[str]
    name: list[Token]
    columns: list[ColumnItem]
    likes: list[Like]
    query: int


def read_create(tokens: list[Token]) -> CreateHead | None:
    """Read a CREATE [OR ...] TABLE|VIEW slice. None if it has no readable name."""
    n = len(tokens)
    i = 0
    words: set[str] = set()
    while i < n and tokens[i].text.upper() not in ("TABLE", "VIEW"):
        if i > 24:
            return None
        words.add(tokens[i].text.upper())
        i += 1
    if i >= n:
        return None
    is_view = tokens[i].text.upper() == "VIEW"
    words.add("VIEW" if is_view else "TABLE")
    i += 1
    while i < n and tokens[i].text.upper() in ("IF", "NOT", "EXISTS"):
        i += 1
    name, i = read_name(tokens, i)
    if not name:
        return None
    columns: list[ColumnItem] = []
    like: list[Token] = []
    if i < n and tokens[i].token_type is T.COMMA:  # options of Teradata
        while i < n and tokens[i].token_type is not T.L_PAREN and tokens[i].token_type is not T.ALIAS:
            i += 1
    if (
        i + 2 < n
        and tokens[i].token_type is T.ALIAS
        and not is_view
        and tokens[i + 1].token_type in (T.VAR, T.IDENTIFIER)
        and tokens[i + 1].text.upper() not in _KINDS_OF_TABLES
    ):
        like, after = read_name(tokens, i + 1)  # AS other of ClickHouse and Teradata
        if after < n and tokens[after].text.upper() not in ("ENGINE", "WITH"):
            like = []
        else:
            return CreateHead(frozenset(words), name, columns, [Like(0, like)], n)
    if i + 1 < n and tokens[i].text.upper() in ("SHALLOW", "DEEP"):
        i += 1
    if [t.text.upper() for t in tokens[i : i + 3]] == ["AS", "CLONE", "OF"]:  # of Fabric
        like, i = read_name(tokens, i + 3)
    if [t.text.upper() for t in tokens[i : i + 2]] == ["COPY", "GRANTS"]:
        i += 2
    if [t.text.upper() for t in tokens[i : i + 2]] == ["USING", "TEMPLATE"]:  # the query gives names and types, no rows
        return CreateHead(frozenset(words), name, columns, _likes(like), n)
    if i < n and tokens[i].text.upper() in ("LIKE", "CLONE", "COPY"):
        like, i = read_name(tokens, i + 1)
    if (
        i < n
        and tokens[i].text.upper() == "AS"
        and i + 1 < n
        and tokens[i + 1].text.upper() in (*_KINDS_OF_TABLES, "TABLE")
        and (tokens[i + 1].text.upper() != "TABLE" or (i + 2 < n and tokens[i + 2].token_type is T.L_PAREN))
    ):
        i += 2
    likes = _likes(like)
    if i < n and tokens[i].token_type is T.L_PAREN and not _starts_query(tokens, i + 1):
        end = closing(tokens, i)
        columns, inner = read_columns(tokens, i + 1, end)
        likes = likes or inner
        i = end + 1
        if columns:
            columns.extend(_partition_columns(tokens, i))
    return CreateHead(frozenset(words), name, columns, likes, _query_start(tokens, i, is_view))


_KINDS_OF_TABLES: Final = ("FILETABLE", "NODE", "EDGE")
"""What may stand behind AS in T-SQL without being another table."""


def _likes(name: list[Token]) -> list[Like]:
    return [Like(0, name)] if name else []


def _partition_columns(tokens: list[Token], start: int) -> list[ColumnItem]:
    """``PARTITIONED BY (a int)`` of Hive: typed, they are columns of the table, too."""
    for i in range(start, min(len(tokens) - 2, start + 200)):
        if tokens[i].text.upper() == "PARTITIONED BY" and tokens[i + 1].token_type is T.L_PAREN:
            found, _ = read_columns(tokens, i + 2, closing(tokens, i + 1))
            return [c for c in found if c.type and "(" not in c.type[:1]]
    return []


def _starts_query(tokens: list[Token], i: int) -> bool:
    while i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        i += 1
    return i < len(tokens) and (
        tokens[i].token_type in (T.SELECT, T.WITH)
        or (tokens[i].token_type is T.FROM and tokens[i].text.upper() == "FROM")
    )


_QUERY_WORDS: Final = frozenset({"VALUES", "TABLE", "FROM", "PIVOT", "UNPIVOT"})


def _query_start(tokens: list[Token], i: int, is_view: bool) -> int:
    """After the head: the query stands after AS (Postgres, T-SQL...) or at once (MySQL, Hive)."""
    for j, token in outermost(tokens, i):
        word = token.text.upper()
        if word == "AS" and j + 1 < len(tokens):
            if tokens[j + 1].text.upper() == "MATERIALIZED":
                continue
            if _starts_query(tokens, j + 1) or is_view or tokens[j + 1].text.upper() in _QUERY_WORDS:
                return j + 1
        elif word == "SELECT" and token.token_type is T.SELECT:
            return j
    return len(tokens)


def added_columns(tokens: list[Token], start: int) -> list[ColumnItem]:
    """Columns of ``ADD [COLUMN] [IF NOT EXISTS] c type, [ADD [COLUMN]] d type`` and of ``ADD (c type, d type)``."""
    columns: list[ColumnItem] = []
    adding = False
    for a, b in list_items(tokens, start, len(tokens)):
        if tokens[a].text.upper() == "WITH" and b - a > 2 and tokens[a + 1].text.upper() in ("CHECK", "NOCHECK"):
            a += 2
        if tokens[a].text.upper() == "ADD":
            adding = True
            a += 1
        elif tokens[a].text.upper() in ("DROP", "ALTER", "MODIFY", "RENAME", "CHANGE", "SET", "WITH"):
            adding = False
        if not adding or a >= b:
            continue
        first = a
        while a < b and tokens[a].text.upper() in ("COLUMN", "IF", "NOT", "EXISTS"):
            a += 1
        if a + 1 < b and tokens[a].text.upper() == "COLUMNS" and tokens[a + 1].token_type is T.L_PAREN:
            a += 1
        if "COLUMN" not in [t.text.upper() for t in tokens[first:a]] and _adds_no_column(tokens[a : a + 2]):
            continue
        if a < b and tokens[a].token_type is T.L_PAREN:
            columns.extend(read_columns(tokens, a + 1, closing(tokens, a))[0])
            continue
        found, _ = read_columns(tokens, a, b)
        columns.extend(c for c in found if c.type or c.computed[1])
    return columns


_NO_COLUMNS: Final = frozenset(
    {"PARTITION", "PARTITIONS", "SUBPARTITION", "ROLLUP", "SEARCH OPTIMIZATION", "ROW ACCESS", "TEMPORARY PARTITION",
     "SYSTEM VERSIONING"}
)  # fmt: skip
"""What ALTER TABLE may ADD, besides columns and constraints."""


def _adds_no_column(tokens: list[Token]) -> bool:
    if not tokens or tokens[0].token_type is T.IDENTIFIER:
        return False
    words = [t.text.upper() for t in tokens]
    return words[0] in _NO_COLUMNS or " ".join(words) in _NO_COLUMNS


def altered_column(tokens: list[Token], start: int) -> ColumnItem | None:
    """The column of ``ALTER COLUMN c type``, if its type changes."""
    a, b = start + 2, len(tokens)
    if b - start < 4 or [t.text.upper() for t in tokens[start : start + 2]] != ["ALTER", "COLUMN"]:
        return None
    words = [t.text.upper() for t in tokens[a + 1 : a + 4]]
    if words[0] in ("ADD", "DROP", "SET") and words[1:] != ["DATA", "TYPE"]:
        return None
    skipped = 3 if words[1:] == ["DATA", "TYPE"] else 1 if words[0] == "TYPE" else 0
    if a + 1 + skipped >= b:
        return None
    return read_column([tokens[a], *tokens[a + 1 + skipped :]], 0, b - a - skipped)


def read_columns(tokens: list[Token], start: int, end: int) -> tuple[list[ColumnItem], list[Like]]:
    columns: list[ColumnItem] = []
    likes: list[Like] = []
    for a, b in list_items(tokens, start, end):
        first = tokens[a]
        word = _first_word(first)
        quoted = first.token_type is T.IDENTIFIER
        if not quoted and word == "LIKE":
            name, _ = read_name(tokens, a + 1)
            likes.extend([Like(len(columns), name)] if name else [])
            continue
        if not quoted and word in _TABLE_ITEMS and _is_table_item(tokens, a, b, word):
            continue
        if first.token_type in (T.STRING, T.NUMBER, T.L_PAREN):
            continue
        columns.append(read_column(tokens, a, b))
    return columns, likes


def _first_word(token: Token) -> str:
    """In upper case; ``PRIMARY KEY`` and ``CLUSTERED INDEX`` are one token each."""
    word = str(token.text.upper())
    first = word.split(None, 1)[0] if " " in word else word
    return first if first in ("PRIMARY", "FOREIGN", "CLUSTERED", "NONCLUSTERED") else word


def _is_table_item(tokens: list[Token], a: int, b: int, word: str) -> bool:
    """``key int`` is a column, ``KEY (a)`` and ``PRIMARY KEY`` are not."""
    if word in ("KEY", "PERIOD", "INDEX", "CHECK", "LIKE", "PROJECTION", "CLUSTERED") and a + 1 < b:
        following = tokens[a + 1]
        if word in ("PERIOD", "PROJECTION") and following.text.upper() != "FOR":
            return word == "PROJECTION" and b - a > 2
        if word == "KEY" and following.token_type in _TYPE_LIKE:
            return False
    return b - a > 1


_TYPE_LIKE: Final = frozenset({T.INT, T.BIGINT, T.VARCHAR, T.TEXT, T.NVARCHAR, T.UUID, T.CHAR, T.SMALLINT})


def read_column(tokens: list[Token], a: int, b: int) -> ColumnItem:
    computed = (0, 0)
    j = next(
        (
            k
            for k, token in outermost(tokens, a + 1, b)
            if _ends_type(token, first=k == a + 1) or comment_at(tokens, k, b)
        ),
        b,
    )
    words = [t.text for t in tokens[a + 1 : j]]
    filled = False
    comment = ""
    k = j - 1
    while (k := k + 1) < b:
        word = tokens[k].text.upper()
        if word in _COMMENTS:
            comment = comment or comment_at(tokens, k, b)
        if tokens[k].token_type is T.L_PAREN:  # of a check, a default
            k = closing(tokens, k)
        elif word in ("IDENTITY", "HIDDEN") and tokens[k].token_type is not T.IDENTIFIER:
            filled = True
        elif word in ("MATERIALIZED", "ALIAS") and k + 1 < b and tokens[k].token_type is not T.IDENTIFIER and k == j:
            stop = next((x for x in range(k + 1, b) if tokens[x].text.upper() in ("CODEC", "TTL", "COMMENT")), b)
            computed = (k + 1, stop)
            break
        elif word == "AS" and k + 1 < b and (k == a + 1 or tokens[k + 1].token_type is T.L_PAREN):
            stop = closing(tokens, k + 1) + 1 if tokens[k + 1].token_type is T.L_PAREN else b
            if k == a + 1:  # T-SQL: name AS expression [PERSISTED]
                stop = next((x for x in range(k + 1, b) if tokens[x].text.upper() in _AFTER_COMPUTED), b)
            computed = (k + 1, stop)
            break
    return ColumnItem(tokens[a], _type_text(words), computed, filled or computed[1] > 0, comment)


_COMMENTS: Final = frozenset({"COMMENT", "OPTIONS"})


def comment_at(tokens: list[Token], k: int, end: int) -> str:
    """The text of ``COMMENT [=] 'text'`` or ``OPTIONS (description = 'text')`` that begins there; empty: none does."""
    word = tokens[k].text.upper()
    if word not in _COMMENTS or tokens[k].token_type is T.IDENTIFIER or k + 1 >= end:
        return ""
    if word == "OPTIONS":
        inside = closing(tokens, k + 1) if tokens[k + 1].token_type is T.L_PAREN else k
        found = (x for x in range(k + 2, inside - 2) if tokens[x].text.upper() == "DESCRIPTION")
        k = next(found, end)
    at = k + 2 if k + 1 < end and tokens[k + 1].token_type is T.EQ else k + 1
    return tokens[at].text if at < end and tokens[at].token_type in STRINGS else ""


def _ends_type(token: Token, *, first: bool) -> bool:
    """Does what follows a column's type begin here? In its ``first`` place only ``name AS expression`` has none."""
    is_word = token.token_type is not T.IDENTIFIER and _first_word(token) in _AFTER_TYPE
    return is_word and (not first or token.text.upper() == "AS")


_AFTER_COMPUTED: Final = frozenset({"PERSISTED", "STORED", "VIRTUAL", "AUTO"})


def _type_text(words: list[str]) -> str:
    text = ""
    for word in words:
        tight = not text or word in "().," or text[-1] in "(."
        text += word if tight else f" {word}"
    return text.lower()[:100].replace(",", ", ").replace(",  ", ", ")
