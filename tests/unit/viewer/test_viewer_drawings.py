"""Drawings for other programs: each is well-formed for its reader, whatever the names are."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.drawings import DRAWINGS, dot, graphml, mermaid
from ray_lineage.viewer.picture import Picture, find_focus
from tests.unit.viewer.conftest import HOSTILE

NS = "{http://graphml.graphdrawing.org/xmlns}"


def test_mermaid_draws_tables_in_their_schemas(picture: Picture) -> None:
    lines = list(mermaid(picture, None))
    assert lines[0] == "flowchart LR"
    number = {m[2]: m[1] for line in lines if (m := re.fullmatch(r'    (t\d+)\["(.*)"\]', line))}
    assert f"  {number['total']} --> {number['far']}" in lines
    assert sum(line.startswith("  subgraph") for line in lines) == sum(line == "  end" for line in lines) == 5


def test_mermaid_of_a_column_draws_its_paths(store: SqliteStore, picture: Picture) -> None:
    lines = list(mermaid(picture, find_focus(store, picture, "core.orders.amount", "one")))
    number = {m[2]: m[1] for line in lines if (m := re.fullmatch(r'    (c\d+)\["(.*)"\]', line))}
    assert set(number) == {"amount", "total"}
    arrows = [line.strip() for line in lines if "->" in line]
    assert any("|transformation|" in line for line in arrows)
    assert any(line.startswith(number["amount"] + " ") for line in arrows)
    assert not any("status" in line for line in lines)


def test_a_possible_edge_is_dotted(store: SqliteStore, picture: Picture) -> None:
    """``other`` may be of either table that nobody declares."""
    assert [f for f in picture.flows if f.certainty == "possible"]
    assert any("-.->" in line for line in mermaid(picture, find_focus(store, picture, "mart.total.other", "one")))
    assert any("style=dotted" in line for line in dot(picture, None))


@pytest.mark.parametrize("form", sorted(DRAWINGS))
def test_names_mean_nothing_to_who_reads_them(picture: Picture, form: str) -> None:
    text = "\n".join(DRAWINGS[form](picture, None))
    assert "<img" not in text
    assert HOSTILE not in text


def test_dot_has_ports_for_columns(picture: Picture) -> None:
    text = "\n".join(dot(picture, None))
    for end in re.findall(r"(t\d+:c\d+)", text):
        table, column = end.split(":")
        node = next(line for line in text.splitlines() if line.startswith(f"  {table} ["))
        assert f'port="{column}"' in node
    assert "&lt;/script&gt;" in text
    assert text.count("{") == text.count("}")


def test_graphml_is_xml_with_every_node_and_edge(picture: Picture) -> None:
    root = ElementTree.fromstring("\n".join(graphml(picture, None)))
    nodes = {node.get("id") for node in root.iter(f"{NS}node")}
    edges = list(root.iter(f"{NS}edge"))
    assert len(nodes) == len(picture.tables) + len(picture.columns)
    assert len(edges) == len(picture.columns) + len(picture.flows) + len(picture.influences) + len(picture.feeds)
    assert {end for edge in edges for end in (edge.get("source"), edge.get("target"))} <= nodes
    declared = {key.get("id") for key in root.iter(f"{NS}key")}
    assert {data.get("key") for data in root.iter(f"{NS}data")} <= declared
    assert HOSTILE in {data.text for data in root.iter(f"{NS}data")}


def test_control_characters_are_shown(picture: Picture) -> None:
    bad = picture.tables[0]._replace(name="a\x00b\x1b[31m\u202e")
    odd = Picture(picture.files, picture.statements, [bad, *picture.tables[1:]], picture.columns, [], [], [])
    for draw in DRAWINGS.values():
        text = "\n".join(draw(odd, None))
        assert text.replace("\n", "").isprintable()
    ElementTree.fromstring("\n".join(graphml(odd, None)))
