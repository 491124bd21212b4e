"""Token rewrites that close gaps between T-SQL as people write it and the grammar that the parser knows.

The compiled parser cannot be patched, its input can: each rewrite drops or replaces tokens that carry no lineage.
"""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token, TokenType

from ray_lineage.compile.split import closing

T = TokenType
_HINTS: Final = frozenset(
    "NOLOCK READUNCOMMITTED UPDLOCK REPEATABLEREAD SERIALIZABLE READCOMMITTED READCOMMITTEDLOCK TABLOCK TABLOCKX PAGLOCK "
    "ROWLOCK NOWAIT READPAST XLOCK SNAPSHOT NOEXPAND HOLDLOCK INDEX FORCESEEK FORCESCAN KEEPIDENTITY KEEPDEFAULTS "
    "IGNORE_CONSTRAINTS IGNORE_TRIGGERS SPATIAL_WINDOW_MAX_CELLS".split()
)
_COMPOUND: Final = frozenset({T.PLUS, T.DASH, T.STAR, T.SLASH, T.MOD, T.AMP, T.CARET, T.PIPE})
_TRIGGERS: Final = frozenset({T.WITH, T.OPTION, T.TOP, T.EQ, T.LANGUAGE, T.COLLATE})


def rewrite_tsql(tokens: list[Token], verb: str) -> list[Token]:
    """The same statement without hints, options and compound assignments. Returns ``tokens`` itself if nothing is to do."""
    if not any(t.token_type in _TRIGGERS for t in tokens):
        return tokens
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        kind = token.token_type
        if kind is T.WITH and i + 2 < n and tokens[i + 1].token_type is T.L_PAREN and _is_hint(tokens, i):
            i = closing(tokens, i + 1) + 1
            continue
        if kind is T.OPTION and i + 1 < n and tokens[i + 1].token_type is T.L_PAREN:
            i = closing(tokens, i + 1) + 1
            continue
        if kind is T.TOP and verb in ("UPDATE", "DELETE", "INSERT", "MERGE") and out and _is_verb(out[-1]):
            i = _after_top(tokens, i)
            continue
        if kind is T.EQ and out and out[-1].token_type in _COMPOUND and _adjacent(out[-1], token):
            _expand_compound(out, token)
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _is_hint(tokens: list[Token], i: int) -> bool:
    return tokens[i + 2].text.upper() in _HINTS and (i == 0 or tokens[i - 1].token_type is not T.R_PAREN or i + 3 < len(tokens))


def _is_verb(token: Token) -> bool:
    return token.text.upper() in ("UPDATE", "DELETE", "INSERT", "MERGE")


def _after_top(tokens: list[Token], i: int) -> int:
    i = closing(tokens, i + 1) + 1 if i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN else i + 2
    return i + 1 if i < len(tokens) and tokens[i].text.upper() == "PERCENT" else i


def _adjacent(a: Token, b: Token) -> bool:
    return a.end + 1 == b.start


def _expand_compound(out: list[Token], equals: Token) -> None:
    """``a.b += x`` -> ``a.b = a.b + x``."""
    operator = out.pop()
    j = len(out) - 1
    while j >= 2 and out[j - 1].token_type is T.DOT:
        j -= 2
    while j >= 1 and out[j - 1].token_type is T.PARAMETER:
        j -= 1
    left = out[j:]
    out.append(equals)
    out.extend(left)
    out.append(operator)
