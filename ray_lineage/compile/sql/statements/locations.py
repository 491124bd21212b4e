"""Files, stages and topics that a statement names: locations are datasets."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import Name


def location_or_table(unit: Unit, tokens: list[Token], i: int) -> tuple[Name, int]:
    if i >= len(tokens):
        return (), i
    if tokens[i].token_type in STRINGS:
        return unit.names.location(tokens[i].text, tokens[i].line), i + 1
    if tokens[i].token_type is T.PARAMETER or tokens[i].text.startswith("@"):  # a stage of Snowflake, with its path
        end = i + 1
        while (
            end < len(tokens)
            and tokens[end].start == tokens[end - 1].end + 1
            and tokens[end].token_type is not T.L_PAREN
        ):
            end += 1
        return unit.names.location(unit.text[tokens[i].start : tokens[end - 1].end + 1], tokens[i].line), end
    if tokens[i].token_type is T.L_PAREN or tokens[i].text.upper() in ("STDIN", "STDOUT", "PROGRAM"):
        return (), i
    parts, end = read_name(tokens, i)
    return (unit.full(parts) if parts else ()), end


def uris(tokens: list[Token], i: int) -> list[str]:
    """The locations in ``OPTIONS (uri = '...', uris = ['...', '...'])``."""
    out: list[str] = []
    for k in range(i, len(tokens) - 2):
        if tokens[k].text.lower() in ("uri", "uris", "path") and tokens[k].token_type not in STRINGS:
            j = k + 1 if tokens[k + 1].token_type in STRINGS else k + 2
            while j < len(tokens) and (
                tokens[j].token_type in STRINGS or tokens[j].token_type in (T.L_BRACKET, T.COMMA)
            ):
                if tokens[j].token_type in STRINGS:
                    out.append(tokens[j].text)
                elif (
                    tokens[j].token_type is T.COMMA and j + 1 < len(tokens) and tokens[j + 1].token_type not in STRINGS
                ):
                    break
                j += 1
    return out


def files(tokens: list[Token]) -> list[str]:
    return [
        tokens[k + 1].text
        for k in range(len(tokens) - 1)
        if tokens[k].text.upper() == "FILE" and tokens[k + 1].token_type in STRINGS
    ]


def topic_of(unit: Unit, tokens: list[Token]) -> Name:
    """``topic = 't'`` and ``TOPIC 't'``: a location of its own kind."""
    for k in range(len(tokens) - 1):
        if tokens[k].text.upper() == "TOPIC" and tokens[k].token_type not in STRINGS:
            at = k + 2 if tokens[k + 1].token_type is T.EQ else k + 1
            if at < len(tokens) and tokens[at].token_type in STRINGS:
                return unit.names.location(f"kafka:{tokens[at].text}", tokens[at].line)
    return ()
