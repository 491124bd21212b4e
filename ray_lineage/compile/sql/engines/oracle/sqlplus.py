"""What SQL*Plus reads itself, and does not send to the server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlglot.tokens import Token, TokenType

from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.tokens import like

_DIRECTIVE: Final = re.compile(
    r"[ \t]*(?:"
    r"(?:REM|REMARK|PROMPT|PRO)(?:[ \t]|$)|"
    r"(?:WHENEVER|SPOOL|SPO|DEF|DEFINE|UNDEFINE|UNDEF|COL|COLUMN|TTITLE|BTITLE|CLEAR|CL|COMPUTE|ACC|ACCEPT|PAUSE|"
    r"VAR|VARIABLE|PRINT|HOST|CONNECT|CONN|DISCONNECT|DISC|SHOW|SHO|TIMING|ARCHIVE|STARTUP|SHUTDOWN|PASSWORD|STORE)(?:[ \t;]|$)|"
    r"SET[ \t]+(?!CONSTRAINT|ROLE|TRANSACTION)\w+(?:[ \t][^=]*)?$|"
    r"BREAK[ \t]+ON\b|START[ \t]+(?!WITH\b)[\w./&]+|"
    r"(?:EXIT|QUIT)(?:[ \t]+(?!WHEN)\S+)?[ \t]*;?[ \t]*$|"
    r"@|!|\$[ \t])",
    re.IGNORECASE,
)
_EXECUTE: Final = re.compile(r"[ \t]*EXEC(?:UTE)?[ \t]+(?!IMMEDIATE)", re.IGNORECASE)
_DEFINE: Final = re.compile(
    r"[ \t]*DEF(?:INE)?[ \t]+(\w+)[ \t]*=[ \t]*['\"]?([\w.$#]+)['\"]?[ \t]*;?[ \t]*$", re.IGNORECASE
)
_SUBSTITUTED: Final = re.compile(r"&&?(\w+)\.?")
_SLASH: Final = re.compile(r"[ \t]*/[ \t]*$")


_BEFORE_HYPHEN: Final = re.compile(
    r"(?:[,(=|+*/<>]|\b(?:select|from|where|and|or|on|join|by|into|set|values|as|is|in|not|when|then|else|distinct|union|all)\b)"
    r"[ \t]*-$",
    re.IGNORECASE,
)
_AFTER_HYPHEN: Final = re.compile(
    r"(?:[,;)=|<>*/+]|(?:select|from|where|and|or|on|join|left|right|inner|group|order|having|union|into|set|values|as|when|then|"
    r"else|end|using|connect|start)\b)",
    re.IGNORECASE,
)


def _goes_on(line: str, following: list[str]) -> bool:
    """Does a hyphen at the line's end say that the statement goes on, and is no minus? One between two values may be either."""
    line = line.rstrip()
    if line[-1:] != "-" or "--" in line or not following:
        return False
    return _BEFORE_HYPHEN.search(line) is not None or _AFTER_HYPHEN.match(following[0].lstrip()) is not None


def without_sqlplus(text: str) -> str:
    """Directives stand where no statement is open; ``/`` alone on a line ends one; ``&name`` is replaced by its value or
    its name."""
    values: dict[str, str] = {}
    out: list[str] = []
    is_open = in_comment = goes_on = False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if (
            not in_comment
            and (is_open or not _DIRECTIVE.match(line))
            and _goes_on(line, lines[number + 1 : number + 2])
        ):
            line = line.rstrip("\r \t")[:-1] + " "
        bare = line.rstrip("\r")
        plain = bare.strip()
        if goes_on:  # a directive that ends in a hyphen goes on
            goes_on = plain.endswith("-")
            out.append("")
            continue
        if in_comment:
            in_comment = "*/" not in bare
        elif _SLASH.match(bare):
            out.append(";")
            is_open = False
            continue
        elif not is_open and _DIRECTIVE.match(bare):
            found = _DEFINE.match(bare)
            if found:
                values[found.group(1).lower()] = found.group(2)
            goes_on = plain.endswith("-") and len(plain) > 1
            out.append("")
            continue
        elif not is_open and _EXECUTE.match(bare):
            line = bare if plain.endswith((";", "-")) else bare + ";"
        elif plain and not plain.startswith("--"):
            opened = bare.rfind("/*")
            if opened >= 0 and "*/" not in bare[opened:]:
                in_comment = True
                plain = bare[:opened].strip()
            elif plain.startswith("/*") and plain.endswith("*/"):
                plain = ""
            if plain:
                code = plain.split("--", 1)[0].rstrip()
                is_open = not code.endswith(";") if code else is_open
        if "&" in line:
            line = _SUBSTITUTED.sub(lambda m: values.get(m.group(1).lower(), m.group(1)), line)
        out.append(line)
    return "\n".join(out)


# --------------------------------------------------------------------------- statements that nothing ends but a blank line

_BEGINS: Final = frozenset(
    {T.SELECT, T.WITH, T.INSERT, T.UPDATE, T.DELETE, T.MERGE, T.CREATE, T.ALTER, T.DROP, T.BEGIN}
)
_DECLARE: Final = ("declare", "DECLARE", "Declare")  # no word of the tokenizer
_COMPLETE: Final = {
    T.SELECT: frozenset({T.SELECT}),
    T.WITH: frozenset({T.SELECT}),
    T.INSERT: frozenset({T.SELECT, T.VALUES}),
    T.CREATE: frozenset({T.SELECT}),
    T.UPDATE: frozenset({T.SET}),
    T.DELETE: frozenset({T.DELETE}),
}
"""Statements, and the words of which one has to be in front of their ends, in no parentheses."""

_ENDS: Final = frozenset({T.VAR, T.IDENTIFIER, T.R_PAREN, T.NULL, T.END, T.STAR, T.ASC, T.DESC, *LITERALS})


def with_ends(tokens: list[Token], text: str) -> list[Token]:
    """A blank line ends a statement (``SET SQLBLANKLINES OFF`` is the default:
    https://docs.oracle.com/en/database/oracle/oracle-database/23/sqpug/SET-system-variable-summary.html). It is believed where what
    follows begins another one, and this one could end there: people part the ones that they run by hand so."""
    begins = [k for k, t in enumerate(tokens) if k and (t.token_type in _BEGINS or t.text in _DECLARE)]
    parted = {k for k in begins if _parted(tokens, k)}
    if not parted:
        return tokens
    out: list[Token] = []
    depth, words = 0, list[TokenType]()  # of the statement at hand
    for k, token in enumerate(tokens):
        kind = token.token_type
        if depth == 0 and k in parted and _is_complete(words):
            out.append(like(tokens[k - 1], T.SEMICOLON, ";"))
            words.clear()
        out.append(token)
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        if kind is T.SEMICOLON:
            depth = 0
            words.clear()
        elif not words or (depth == 0 and kind in _WORDS):
            words.append(kind)
    return out


_WORDS: Final = frozenset({T.SELECT, T.VALUES, T.SET, T.ALL, T.FIRST})


def _parted(tokens: list[Token], k: int) -> bool:
    """Does it stand behind a line or a comment of its own? ``CREATE`` begins a statement wherever a line begins with it."""
    before, token = tokens[k - 1], tokens[k]
    lines = token.line - before.line
    if lines < 1 or before.token_type not in _ENDS or (lines == 1 and token.token_type is not T.CREATE):
        return False
    return token.token_type is not T.WITH or tokens[k + 2 : k + 3] == [] or tokens[k + 2].text.upper() in ("AS", "(")


def _is_complete(words: Sequence[TokenType]) -> bool:
    wanted = _COMPLETE.get(words[0]) if words else None
    if wanted is not None and words[1:2] in ([T.ALL], [T.FIRST]):  # INSERT ALL has its query at the end
        return T.SELECT in words
    return wanted is not None and not wanted.isdisjoint(words)
