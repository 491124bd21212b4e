"""Amazon Redshift, which descends from PostgreSQL 8.

What it has not: https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html; its procedures:
https://docs.aws.amazon.com/redshift/latest/dg/c_PLpgSQL-statements.html.
"""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Shape, fold_all, rule
from ray_lineage.compile.sql.engines.postgres import POSTGRES, POSTGRES_REWRITES
from ray_lineage.compile.sql.engines.shared import CURRENT_OF
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.tokens import like


def _plain_merge(tokens: list[Token], verb: str) -> list[Token]:
    """Redshift's ``REMOVE DUPLICATES`` is a MERGE of whole rows; ``INSERT VALUES (...)`` stands for ``INSERT () VALUES``."""
    if verb != "MERGE":
        return tokens
    if len(tokens) > 2 and [t.text.upper() for t in tokens[-2:]] == ["REMOVE", "DUPLICATES"]:
        at = tokens[-1]
        words = [
            (T.WHEN, "WHEN"),
            (T.NOT, "NOT"),
            (T.VAR, "MATCHED"),
            (T.THEN, "THEN"),
            (T.INSERT, "INSERT"),
            (T.STAR, "*"),
        ]
        return [*tokens[:-2], *(like(at, kind, text) for kind, text in words)]
    return [
        like(t, T.VALUES, "VALUES") if t.text.upper() == "VALUES" and tokens[i - 1].token_type is T.INSERT else t
        for i, t in enumerate(tokens)
    ]


REDSHIFT: Final = POSTGRES.extend(
    "redshift",
    rewrites=(
        CURRENT_OF,
        rule("duplicates", r"\bremove\s+duplicates\b", _plain_merge),
        rule("merge", r"\binsert\s+values\b", _plain_merge),
        *POSTGRES_REWRITES,
    ),
    default_schema="public",
    fold=fold_all,  # "Names and identifiers": without case, in quotes too
    no_columns=frozenset({"user"}),  # it has no system columns
    lateral_aliases=True,
    structs=True,
    unnests_structs=True,
    element_variables=True,
    table_functions={},
    foreign=(),
    signs="""
6: distkey sortkey diststyle iam_role az64 zstd|distkey listagg|distinct
5: no|schema encode|zstd encode|lzo encode|raw svv_table_info stl_load_errors create|external
4: unload lzo encode copy|grants
3: plpgsql getdate external|schema
2: listagg nvl decode dateadd datediff qualify search_path timestamptz json_extract_path_text spectrum
1: ilike to_char date_trunc convert_timezone select|top approximate
""",
    shapes=(
        Shape(1, "#", r"(?<![\w#])##?[a-z_]\w+"),
        Shape(2, "::", r"[\w)'\]]::[a-z]"),
        Shape(2, "$", r"\$\w{0,20}\$"),
        Shape(1, "-> #> @> distinct", r"->>?\s*'|#>>|@>|\bis\s+not\s+distinct\b"),
    ),
)
