"""What is packed is what the page unpacks."""

from __future__ import annotations

import gzip
import json
from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.packing import differences, pack, packed
from ray_lineage.viewer.picture import Picture, read_picture


def unpacked(picture: Picture, **flags: bool) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(pack(picture, {"title": "T"}, **flags)))
    return found


@given(st.lists(st.integers(-1000, 1000)))
def test_differences_add_up(numbers: list[int]) -> None:
    assert list(accumulate(differences(numbers))) == numbers


def test_every_edge_comes_back_with_its_names(picture: Picture) -> None:
    data = unpacked(picture)
    owners = [table for table, count in enumerate(data["t"]["c"]) for _ in range(count)]

    def column(number: int) -> tuple[str, str, str]:
        table = owners[number]
        return data["schemas"][data["t"]["s"][table]], data["t"]["n"][table], data["names"][data["c"]["n"][number]]

    def known(number: int) -> tuple[str, str, str]:
        found = picture.columns[number]
        return picture.tables[found.table].schema, picture.tables[found.table].name, found.name

    f, s = data["f"], data["s"]
    statements, files = list(accumulate(f["s"])), list(accumulate(s["f"]))
    fed: dict[int, list[int]] = {}
    for source, n in zip(accumulate(data["e"]["a"]), accumulate(data["e"]["s"]), strict=True):
        fed.setdefault(n, []).append(source)
    first = list(accumulate(data["t"]["c"], initial=0))

    def sources(edges: dict[str, list[int]]) -> list[int]:
        rows = zip(edges["k"], edges["o"], accumulate(edges["s"]), strict=True)
        return [o if k < 0 else first[fed[n][k]] + o for k, o, n in rows]

    came = [
        (
            column(a),
            column(b),
            data["transformations"][h >> 1],
            h % 2,
            data["texts"][x],
            data["files"][files[n]],
            s["l"][n] + line,
        )
        for a, b, n, h, x, line in zip(sources(f), accumulate(f["b"]), statements, f["h"], f["x"], f["l"], strict=True)
    ]
    went = [
        (known(e.source), known(e.target), e.how, int(e.certainty != "certain"), e.expression,
         picture.files[picture.statements[e.statement].file].path, e.line)
        for e in picture.flows
    ]  # fmt: skip
    assert came == went
    shaped = [(column(a), data["t"]["n"][b], data["influences"][h]) for a, b, h in
              zip(sources(data["i"]), accumulate(data["i"]["b"]), data["i"]["h"], strict=True)]  # fmt: skip
    assert shaped == [(known(i.source), picture.tables[i.target].name, i.how) for i in picture.influences]


def test_descriptions_come_along(picture: Picture) -> None:
    data = unpacked(picture)
    tables = {name: data["notes"][d] for name, d in zip(data["t"]["n"], data["t"]["d"], strict=True)}
    columns = {data["names"][n]: data["notes"][d] for n, d in zip(data["c"]["n"], data["c"]["d"], strict=True) if d}
    assert (tables["people"], tables["orders"], columns) == ("who they are", "", {"name": "in full"})


def test_sql_is_packed_only_if_asked_for(picture: Picture) -> None:
    assert b"FROM raw.orders" not in gzip.decompress(pack(picture, {}))
    texts = unpacked(picture, with_sql=True)["s"]["q"]
    assert any("o.status = ?" in text for text in texts)
    assert not any("'x'" in text for text in texts)


def test_equal_pictures_are_equal_bytes(store: SqliteStore) -> None:
    first, second = (pack(read_picture(store, ["one", "two"]), {}) for _ in range(2))
    assert first == second


def test_several_projects_are_told_apart(store: SqliteStore) -> None:
    data = packed(read_picture(store, ["one", "two"]), {})
    assert {"one: raw", "two: raw"} <= set(data["schemas"])
    assert "two: mart/far.sql" in data["files"]
    assert packed(read_picture(store, ["one"]), {})["schemas"] == ["core", "ext", "mart", "odd", "raw"]
