"""Is a text SQL? By how it begins, because prose has the same words."""

from __future__ import annotations

import re
from typing import Final

from ray_lineage.compile.python.texts import GAP

_LOOKED_AT: Final = 20_000  # characters
_BEFORE: Final = re.compile(
    rf"(?:[\s(;{GAP}]|(?:--|#)[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z)|\{{%.*?%\}}|\{{\{{.*?\}}\}}|\{{#.*?#\}})*", re.DOTALL
)
_VERB: Final = re.compile(
    r"(?i)(?:select|insert|update|delete|merge|with|create|drop|alter|truncate|replace|copy|unload|load|call|exec|execute|begin|declare"
    r"|set|use|from|refresh|export|import|pivot|unpivot|values|upsert|rename|exchange|if|do|summarize|msck|optimize|vacuum|attach"
    r"|cache|apply|analyze|lock|comment|grant|revoke|start|commit|show|describe|explain|put|get|list|pragma)\b"
)
_NAME: Final = rf"[\w$.@#\"`\[\]:{GAP}{{}}()-]{{1,200}}"
_WHOLE: Final = re.compile(
    rf"""(?ix)
      select\b .* \bfrom\b | select\s+(?:\d|count|null|current_|now\(|\w+\() | with\s+(?:recursive\s+)?{_NAME} .* \bas\s*\( | with\s*{GAP}
    | insert\s+(?:into|overwrite|ignore|or|all|low_priority|{_NAME}\s*\() | update\s+ .* \bset\b | delete\s+from\b | delete\s+{_NAME}\s+(?:from|where)\b
    | merge\s+(?:into\s+)?{_NAME} .* \busing\b | create\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|transient|volatile|external|unlogged|dynamic
      |materialized|recursive|secure|hybrid|live|streaming|multiset|set|snapshot|private|foreign|algorithm=\w+|definer\s*=\s*\S+)\s+)*
      (?:table|view|schema|database|procedure|function|trigger|index|unique|type|sequence|stage|pipe|stream|task|synonym|macro|model|flow|dictionary)\b
    | alter\s+(?:table|view|session|schema|database|materialized)\b | drop\s+(?:table|view|schema|database|materialized|procedure|function|index)\b
    | truncate\s+(?:table\s+)?{_NAME}\s*(?:;|\Z|cascade|restart) | replace\s+into\b | copy\s+(?:into\b|{_NAME}\s*(?:\(|from\b|to\b)|\() | unload\s*\(
    | load\s+data\b | export\s+data\b | call\s+{_NAME}\s*\( | exec(?:ute)?\s+(?:immediate\b|{_NAME}) | begin\s+(?:tran|insert|update|select|delete|merge)
    | declare\s+[@\w] | from\s+{_NAME}\s+(?:\w+\s+)?(?:select|insert|join|where)\b | use\s+(?:catalog\s+|database\s+|schema\s+|warehouse\s+|role\s+)?{_NAME}\s*(?:;|\Z)
    | (?:un)?pivot\s+{_NAME}\s+on\b | refresh\s+(?:table|materialized)\b | rename\s+table\b | exchange\s+tables\b | cache\s+(?:lazy\s+)?table\b
    """,
    re.DOTALL,
)  # fmt: skip
_SHOWN: Final = re.compile(r"[A-Za-z_$\"`\[][\w.$\"`\]\[-]*\Z")


def begins_as_sql(text: str) -> bool:
    """Does it begin with a verb of SQL?"""
    return _VERB.match(text, _start(text)) is not None


def is_statement(text: str) -> bool:
    """Does it have the shape of a whole statement?"""
    begin = _start(text)
    return _WHOLE.match(text[begin : begin + _LOOKED_AT]) is not None


def is_name(text: str) -> bool:
    """May it be a table's name and nothing else?"""
    return len(text) < 300 and _SHOWN.match(text) is not None


def is_path(text: str) -> bool:
    """Is it the path of a file of SQL?"""
    lower = text.strip().lower()
    return (
        len(lower) < 300
        and lower.endswith((".sql", ".hql", ".ddl", ".sql.j2", ".sql.jinja"))
        and "\n" not in lower
        and " " not in lower
    )


def _start(text: str) -> int:
    found = _BEFORE.match(text[:_LOOKED_AT])
    return found.end() if found else 0
