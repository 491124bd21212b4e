"""Looking over tokens: there is one place that counts parentheses, and all that it offers says the same of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlglot.tokens import Token

from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import (
    BRACES,
    closing,
    levels,
    list_items,
    opening,
    outermost,
    outermost_before,
)
from ray_lineage.compile.sql.lex.tokens import tokenize

balanced = st.recursive(
    st.sampled_from(["a", "a, b", "1 + 2", ""]),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"f ({', '.join(parts)}) g"),
    max_leaves=20,
)


def read(text: str) -> list[Token]:
    return tokenize(text, engine_of(""))[0]


def parentheses(tokens: list[Token]) -> dict[int, int]:
    """Where each parenthesis that opens is closed, by a stack."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for i, token in enumerate(tokens):
        if token.token_type is T.L_PAREN:
            stack.append(i)
        elif token.token_type is T.R_PAREN:
            found[stack.pop()] = i
    return found


@given(balanced)
def test_what_opens_and_what_closes_find_one_another(text: str) -> None:
    tokens = read(text)
    for first, last in parentheses(tokens).items():
        assert closing(tokens, first) == last
        assert opening(tokens, last) == first


@given(balanced)
def test_levels_are_the_parentheses_around(text: str) -> None:
    tokens = read(text)
    pairs = parentheses(tokens)
    found = {i: depth for i, _, depth in levels(tokens)}
    assert found == {i: sum(a < i < b for a, b in pairs.items()) for i in range(len(tokens))}
    plain = [i for i, depth in found.items() if depth == 0 and i not in pairs and i not in pairs.values()]
    assert [i for i, _ in outermost(tokens)] == plain


@given(balanced)
def test_backwards_as_forwards(text: str) -> None:
    tokens = read(text)
    plain = [i for i, _ in outermost(tokens)]
    before = [i for i, token in outermost_before(tokens, len(tokens)) if token.token_type is not T.L_PAREN]
    assert [i for i in before if tokens[i].token_type is not T.R_PAREN] == plain[::-1]


def test_items_are_cut_at_their_own_commas() -> None:
    tokens = read("a, f(b, c), x[1, 2], ARRAY<STRUCT<p INT, q INT>>, ,d")
    assert ["".join(t.text for t in tokens[a:b]) for a, b in list_items(tokens, 0, len(tokens))] == [
        "a", "f(b,c)", "x[1,2]", "ARRAY<STRUCT<pINT,qINT>>", "d",
    ]  # fmt: skip


def test_other_pairs() -> None:
    tokens = read("{a: [b, c]}, d")
    assert [t.text for _, t, depth in levels(tokens, pairs=BRACES) if depth == 0] == ["{", "}", ",", "d"]
