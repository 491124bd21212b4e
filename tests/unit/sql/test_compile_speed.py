"""What makes compiling fast must not be seen from outside: the collector's settings, and the kinds of tokens."""

import gc
from collections.abc import Iterator

import pytest
from sqlglot import exp
from sqlglot.tokens import TokenType

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.sql.lex.kinds import T

SQL = "SELECT a.b + 1 AS c FROM t AS a WHERE a.d > 0;\n"


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Tests may leave the collector as they like."""
    thresholds, enabled = gc.get_threshold(), gc.isenabled()
    yield
    gc.set_threshold(*thresholds)
    (gc.enable if enabled else gc.disable)()


def test_every_kind_is_the_parsers_own() -> None:
    assert {kind.name: getattr(T, kind.name) for kind in TokenType} == dict(TokenType.__members__)
    assert all(getattr(T, kind.name) is kind for kind in TokenType)


@pytest.mark.parametrize(
    "threshold",
    [
        pytest.param((700, 10, 10), id="python's"),
        pytest.param((1, 1, 1), id="eager"),
        pytest.param((0, 10, 10), id="off"),
        pytest.param((1_000_000, 5, 5), id="lazy"),
    ],
)
@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(threshold: tuple[int, int, int], enabled: bool) -> None:
    gc.set_threshold(*threshold)
    (gc.enable if enabled else gc.disable)()
    compile_source(SQL * 20, CompileOptions("postgres"))
    assert gc.get_threshold() == threshold
    assert gc.isenabled() is enabled


def test_the_collector_is_left_as_it_was_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="Unknown dialect"):
        compile_source(SQL, CompileOptions("no such dialect"))
    assert gc.get_threshold() == before


def test_a_files_trees_are_gone_when_it_is_done() -> None:
    """Without another object being made that would make Python look for garbage, as often as it does where nothing else was said."""
    usual = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    before = sum(isinstance(o, exp.Select) for o in gc.get_objects())
    try:
        facts = compile_source(SQL * 2_000, CompileOptions("postgres"))
    finally:
        gc.set_threshold(*usual)
    assert len(facts.statements) == 2_000
    # some may have grown old in a collection on the way
    assert sum(isinstance(o, exp.Select) for o in gc.get_objects()) - before < 100
