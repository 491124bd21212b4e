"""The kinds of tokens, quick to look at.

The loops over tokens ask ``kind is T.COMMA`` some ten times a token, and Python 3.11 takes longer to find a member of an
enumeration than the tokenizer takes for a fifth of a token. A module's attribute is found ten times faster."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from sqlglot.tokens import Token, TokenType

__all__ = ["LITERALS", "STRINGS", "T", "Token"]

T: Final[Any] = ModuleType("T", TokenType.__doc__)
T.__dict__.update(TokenType.__members__)


LITERALS: Final = frozenset(
    {T.STRING, T.NUMBER, T.NATIONAL_STRING, T.HEX_STRING, T.BIT_STRING, T.BYTE_STRING, T.RAW_STRING, T.HEREDOC_STRING,
     T.UNICODE_STRING}
)  # fmt: skip
"""Of them a text may be several lines long, and none of it goes into an excerpt."""

STRINGS: Final = frozenset({T.STRING, T.NATIONAL_STRING, T.RAW_STRING, T.HEREDOC_STRING})
"""Texts in quotes."""
