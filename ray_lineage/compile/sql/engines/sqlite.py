"""SQLite."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.engines.mysql import REPLACE
from ray_lineage.compile.sql.engines.shared import without_dot_commands
from ray_lineage.compile.sql.lex.kinds import T


def _plain_update(tokens: list[Token], verb: str) -> list[Token]:
    """``UPDATE OR IGNORE t`` -> ``UPDATE t``."""
    return [tokens[0], *tokens[3:]] if verb == "UPDATE" and len(tokens) > 3 and tokens[1].token_type is T.OR else tokens


SQLITE: Final = Engine(
    name="sqlite",
    quoted_texts=True,
    client=(without_dot_commands,),
    rewrites=(REPLACE, rule("update or", "", _plain_update)),
    no_columns=frozenset(["_rowid_", "rowid"]),
    aggregates=frozenset(["total", "json_group_array", "json_group_object", "jsonb_group_array", "jsonb_group_object"]),
    recursion_unmarked=True,
    signs="""
6: sqlite_master sqlite_sequence without|rowid julianday fts5 insert|or pragma
5: autoincrement
4: glob strftime attach|database virtual|table
3: on|conflict group_concat replace|into detach
2: rowid ifnull returning excluded
""",
    shapes=(Shape(3, ".", r"^\.(?:mode|headers?|import|read|tables|schema)\b"),),
)
