"""Nothing is lost on the way into a pack, over its bytes and out again."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from ray_lineage.graph.pack import decode_pack, encode_pack, pack, unpack
from ray_lineage.graph.schema import KINDS
from ray_lineage.model import Contribution
from tests.factory import contributions, wide
from tests.unit.graph.graph_model import DIALECT, repositories

_EVERYTHING = {
    "a.sql": """CREATE TABLE s.a (x int, y text);
GO
CREATE TABLE "odd.name" ("a.b" int, z int REFERENCES s.a (x));
GO
CREATE PROCEDURE p AS INSERT INTO "odd.name" (z) SELECT sum(a.x + 1) FROM s.a a WHERE a.y > 'q' ORDER BY a.x
GO
CREATE PROCEDURE q AS EXEC p""",
    "b/c.sql": "CREATE VIEW v AS SELECT * FROM s.a; DELETE FROM v WHERE x = 1",
    "empty.sql": "",
}


def through(project: str, linked: list[Contribution]) -> list[Contribution]:
    return unpack(project, decode_pack(encode_pack(pack(project, linked))))


@given(repositories)
def test_what_is_packed_comes_out_again(files: dict[str, str]) -> None:
    linked = list(contributions("p:q", files, DIALECT).values())
    assert through("p:q", linked) == linked


def test_every_kind_of_row() -> None:
    linked = list(contributions("p", _EVERYTHING, "tsql").values())
    assert {kind for c in linked for kind in c.rows} == set(KINDS) - {"HAS_COLUMN"}
    assert through("p", linked) == linked


def test_a_number_is_that_of_the_first_mention() -> None:
    packed = pack("p", [wide("p", "f", 3), wide("p", "g", 3)])
    assert packed.datasets == ["t_f", "u", "t_g"]
    assert packed.rows == 2 + 3 + (3 + 3 + 3) + 2 + 2 * (3 + 3)
    assert all(len({len(c) for c in columns}) == 1 for columns in packed.rels)


def test_foreign_bytes_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_pack(b"no pack")
