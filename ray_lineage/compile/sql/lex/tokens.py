"""Text -> tokens, once a file, with a tokenizer that never swallows statements.

sqlglot's tokenizers turn everything after a *command* word (PRINT, EXPLAIN, CALL...) up to the next ``;`` into one
string. T-SQL seldom writes ``;``, so whole procedures would vanish: our subclasses have no command words. (The compiled
parser cannot be subclassed, tokenizers can.)"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokens import Token, Tokenizer, TokenType

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.words import Words
from ray_lineage.model import Diagnostic

# the parser's own log lines repeat what our diagnostics say with file and line
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


@cache
def dialect_of(name: str) -> Dialect:
    """The sqlglot dialect; ``""`` is sqlglot's own superset. Raises ValueError for an unknown name."""
    dialect = Dialect.get_or_raise(name or None)
    # where arrays begin with 1, the parser finds the types of all that stands in front of each bracket, to subtract 1
    dialect.INDEX_OFFSET = 0
    # a type that the grammar has never heard of (Redshift's abstime) says nothing about lineage: no reason to lose the statement
    dialect.SUPPORTS_USER_DEFINED_TYPES = True
    return dialect


@cache
def _tokenizer(engine: Engine, grammar: str) -> Tokenizer:
    dialect = dialect_of(grammar)
    base = dialect.tokenizer_class
    differences: dict[str, object] = {"COMMANDS": set()}
    if engine.identifier_quotes:
        differences["IDENTIFIERS"] = list(engine.identifier_quotes)
    if engine.plain_words:
        differences["KEYWORDS"] = {k: v for k, v in base.KEYWORDS.items() if k not in engine.plain_words}
    kind = type(f"Lineage{engine.name.title()}{base.__name__}", (base,), differences)
    tokenizer: Tokenizer = kind(dialect=dialect)
    return tokenizer


def tokenize(text: str, engine: Engine) -> tuple[list[Token], list[Diagnostic]]:
    """Tokens of the whole text. Where a string, comment or identifier is never closed, the text is cut at batch and
    statement ends and only the piece that cannot be read is lost, with a diagnostic."""
    numbered = engine.dollar_quotes and "$" in text and _PARAMETER.search(text) is not None
    if numbered:
        text = _PARAMETER.sub(_MARK, text)
    diagnostics: list[Diagnostic] = []
    tokenizer = _tokenizer(engine, engine.grammar or engine.dialect)
    try:
        tokens = _tokens(tokenizer, text)
    except TokenError:
        try:
            tokenizer = _tokenizer(engine, engine.other_grammar or engine.grammar or engine.dialect)
            tokens = _tokens(tokenizer, text)
        except TokenError:
            tokens, diagnostics = _tokenize_pieces(text, engine, tokenizer)
    if engine.hash_names and "#" in text:
        tokens = _with_hash_names(tokens)
    return (_with_parameters(tokens) if numbered else tokens), diagnostics


def _with_hash_names(tokens: list[Token]) -> list[Token]:
    """``#values`` is a name as ``#v`` is one: the tokenizer takes the word for what it is without the mark."""
    for i in [i for i, token in enumerate(tokens[:-1]) if token.token_type is T.HASH]:
        word = tokens[i + 1]
        if word.start == tokens[i].end + 1 and word.token_type not in _NAMES_AFTER_HASH:
            tokens[i + 1] = like_written(word, T.VAR)
    return tokens


_NAMES_AFTER_HASH: Final = frozenset({T.VAR, T.IDENTIFIER, T.HASH, *LITERALS})


def _tokens(tokenizer: Tokenizer, text: str) -> list[Token]:
    tokens: list[Token] = tokenizer.tokenize(text)
    if _may_split_words(text):
        tokens = tokenizer.tokenize(_without_comments_in_words(text, tokens))
    tokenizer.tokenize("")  # it keeps its last tokens: the garbage collector would look through them in vain
    return tokens


_FIRST_WORDS = frozenset(
    ["BULK", "CLUSTER", "COLLECT", "CONNECT", "DISTRIBUTE", "FOREIGN", "GROUP", "GROUPING", "INDEXED", "ORDER", "PARTITION",
     "PARTITIONED", "PRIMARY", "SIBLINGS", "SORT"]
)  # fmt: skip
"""Words that are one token together with the next one."""

_SPACE: Final = r"[\s\pZ\v\x1c-\x1f\x{85}]"


@cache
def _split_words() -> Words:
    return Words([rf"(?i)(?:{'|'.join(sorted(_FIRST_WORDS))}){_SPACE}*(?:--|/\*|#)"], patterns=True)


def _may_split_words(text: str) -> bool:
    """Does a comment follow one of these words?"""
    return bool(_split_words().within(text))


def _without_comments_in_words(text: str, tokens: list[Token]) -> str:
    """The comments in ``GROUP /* why */ BY`` and its like become spaces: the tokenizer knows the words only without."""
    out: list[str] = []
    at = 0
    for token, following in pairwise(tokens):
        start, end = token.end + 1, following.start
        if end - start > 2 and token.text.upper() in _FIRST_WORDS:
            out += (text[at:start], _VISIBLE.sub(" ", text[start:end]))
            at = end
    return "".join((*out, text[at:]))


_VISIBLE = re.compile(r"\S")
_PARAMETER = re.compile(r"(?<![\w$])\$(?=\d+(?![\w$]))")
_MARK = "\ue000"
"""Stands for the dollar of ``$1`` while the text is cut into tokens: the tokenizer takes it for the begin of a quote, and may
count lines twice or find no end."""


def _with_parameters(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    for token in tokens:
        if _MARK not in token.text:
            out.append(token)
        elif token.text[0] == _MARK and token.text[1:].isdigit():
            middle = token.start
            out.append(Token(TokenType.PARAMETER, "$", token.line, token.col, middle, middle))
            out.append(Token(TokenType.NUMBER, token.text[1:], token.line, token.col, middle + 1, token.end))
        else:
            text = token.text.replace(_MARK, "$")
            out.append(Token(token.token_type, text, token.line, token.col, token.start, token.end, token.comments))
    return out


_BATCH_END = re.compile(r"^[ \t]*GO[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_STATEMENT_END = re.compile(r";[ \t]*\r?$", re.MULTILINE)


def _tokenize_pieces(text: str, engine: Engine, tokenizer: Tokenizer) -> tuple[list[Token], list[Diagnostic]]:
    tokens: list[Token] = []
    diagnostics: list[Diagnostic] = []
    pattern = _BATCH_END if engine.batches and _BATCH_END.search(text) else _STATEMENT_END
    starts = [0, *(m.end() for m in pattern.finditer(text)), len(text)]
    line = 1
    for start, end in pairwise(starts):
        piece = text[start:end]
        try:
            for token in tokenizer.tokenize(piece):
                tokens.append(shifted(token, line - 1, start))
        except TokenError:
            blank = len(piece) - len(piece.lstrip())
            at = line + piece[:blank].count("\n")
            diagnostics.append(
                Diagnostic(
                    "RL101", "error", "a string, comment or quoted name is never closed; this part was left out", at
                )
            )
            if tokens:
                tokens.append(Token(TokenType.SEMICOLON, ";", line, 1, start, start))
        line += piece.count("\n")
    return tokens, diagnostics


def shifted(token: Token, lines: int, offset: int) -> Token:
    """The token of an inner text, moved to its place in the outer one. It is the caller's own: it is changed itself."""
    if lines:
        token.line += lines
    if offset:
        token.start += offset
        token.end += offset
    return token


def start_line(token: Token) -> int:
    """Line of a token's first character (``Token.line`` is that of its last)."""
    return int(token.line) - (token.text.count("\n") if token.token_type in LITERALS else 0)


def reason_of(error: SqlglotError) -> str:
    """What the parser says, without how it says it to its makers; which of several missing parts it names changes from run to run."""
    details = error.errors if isinstance(error, ParseError) else []
    what = str(details[0].get("description") if details else error).split("\n")[0]
    if what.startswith("Required keyword"):
        return "a part of it is missing"
    return _INTERNALS.sub("", what)


_INTERNALS: Final = re.compile(r" but got <Token .*|<class '[^']*'>")
_WRITTEN: Final = {
    "(": TokenType.L_PAREN, ")": TokenType.R_PAREN, ",": TokenType.COMMA, ".": TokenType.DOT, "*": TokenType.STAR,
    "=": TokenType.EQ, "1": TokenType.NUMBER, "SELECT": TokenType.SELECT, "NULL": TokenType.NULL, "AS": TokenType.ALIAS,
    "FROM": TokenType.FROM, "CROSS": TokenType.CROSS, "APPLY": TokenType.APPLY, "INSERT": TokenType.INSERT,
}  # fmt: skip


def made(at: Token, *parts: str | Sequence[Token]) -> list[Token]:
    """Tokens that are not written, at the place of one that is, and tokens that are. A text is of words with spaces between
    them; what is none of those above is a name, in front of ``(`` a plain one."""
    out: list[Token] = []
    for part in parts:
        if not isinstance(part, str):
            out.extend(part)
            continue
        for word, following in pairwise([*part.split(), ""]):
            kind = _WRITTEN.get(word) or (TokenType.VAR if following == "(" else TokenType.IDENTIFIER)
            out.append(Token(kind, word, at.line, at.col, at.start, at.end))
    return out


def like_written(token: Token, kind: TokenType) -> Token:
    """The same text, of another kind."""
    return Token(kind, token.text, token.line, token.col, token.start, token.end, token.comments)


def like(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)
