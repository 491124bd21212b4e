"""A picture for other programs: Mermaid (in Markdown), DOT (Graphviz) and GraphML (yEd, Gephi, networkx).

Mermaid and DOT draw tables; if a column is in focus, only the columns on its paths and what they do.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Final

from ray_lineage.logs import escaped
from ray_lineage.viewer.picture import (
    Flow,
    Focus,
    Picture,
    column_path,
    columns_by_table,
    shown_name,
    shown_project,
    shown_schema,
    table_pairs,
)

Drawing = Callable[[Picture, Focus | None], Iterator[str]]
"""Lines of a text without their ends."""


# --------------------------------------------------------------------------- Mermaid

_PLAIN: Final = re.compile(r"[^\w .,-]", re.ASCII)


def mermaid(picture: Picture, focus: Focus | None) -> Iterator[str]:
    """A flowchart. Mermaid itself draws 500 edges at most, unless it is told otherwise (``maxEdges``)."""
    yield "flowchart LR"
    if focus is None or focus.column < 0:
        yield from _mermaid_tables(picture)
    else:
        yield from _mermaid_columns(picture, column_path(picture, focus.column))
    if focus is not None:
        yield f"  style {'c' if focus.column >= 0 else 't'}{focus.column if focus.column >= 0 else focus.table} stroke-width:3px"


def _mermaid_tables(picture: Picture) -> Iterator[str]:
    said = shown_project(picture)
    schemas = groupby(range(len(picture.tables)), key=lambda t: picture.tables[t][:2])
    for number, ((project, schema), tables) in enumerate(schemas):
        yield f'  subgraph s{number}["{_mermaid_text(shown_schema(said(project), schema) or "-")}"]'
        for table in tables:
            yield f'    t{table}["{_mermaid_text(picture.tables[table].name)}"]'
        yield "  end"
    for source, target in table_pairs(picture):
        yield f"  t{source} --> t{target}"


def _mermaid_columns(picture: Picture, kept: set[int]) -> Iterator[str]:
    for table, columns in columns_by_table(picture).items():
        shown = [c for c in columns if c in kept]
        if shown:
            yield f'  subgraph t{table}["{_mermaid_text(_full_name(picture, table))}"]'
            for column in shown:
                yield f'    c{column}["{_mermaid_text(picture.columns[column].name)}"]'
            yield "  end"
    for flow in _distinct_flows(picture, kept):
        arrow = "-->" if flow.certainty == "certain" else "-.->"
        yield f"  c{flow.source} {arrow}{'' if flow.how == 'identity' else f'|{flow.how}|'} c{flow.target}"


def _mermaid_text(text: str) -> str:
    """Anything that could mean something to Mermaid or to a browser is a number."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", escaped(text))


# --------------------------------------------------------------------------- DOT


def dot(picture: Picture, focus: Focus | None) -> Iterator[str]:
    """A digraph with a table of columns as each node's label, and edges between columns where they are known."""
    path = column_path(picture, focus.column) if focus is not None and focus.column >= 0 else None
    kept = set(range(len(picture.columns))) if path is None else path
    flows = _distinct_flows(picture, kept)
    linked = {end for flow in flows for end in flow[:2]}
    yield "digraph lineage {"
    yield "  graph [rankdir=LR, ranksep=1.5];"
    yield '  node [shape=plain, fontname="Helvetica"];'
    yield '  edge [color="#66758a"];'
    columns = columns_by_table(picture)
    for table in range(len(picture.tables)):
        shown = [c for c in columns.get(table, ()) if c in linked]
        if path is None or shown:
            yield f"  t{table} [label={_dot_label(picture, table, shown, focus)}];"
    for flow in flows:
        ends = [f"t{picture.columns[c].table}:c{c}" for c in flow[:2]]
        style = "" if flow.certainty == "certain" else ", style=dotted"
        yield f'  {ends[0]}:e -> {ends[1]}:w [tooltip="{flow.how}"{style}];'
    if path is None:
        joined = {(picture.columns[f.source].table, picture.columns[f.target].table) for f in flows}
        yield from (f"  t{a} -> t{b} [style=dashed];" for a, b in table_pairs(picture) if (a, b) not in joined)
    yield "}"


def _dot_label(picture: Picture, table: int, columns: list[int], focus: Focus | None) -> str:
    found = picture.tables[table]
    width = 3 if focus is not None and focus.table == table else 1
    schema = shown_schema(shown_project(picture)(found.project), found.schema)
    small = f'<font point-size="10">{_dot_text(schema)}</font><br/>' if schema else ""
    head = f'<tr><td bgcolor="#eef1f5">{small}<b>{_dot_text(found.name)}</b></td></tr>'
    rows = "".join(
        f'<tr><td port="c{c}" align="left">{_dot_text(picture.columns[c].name) or " "}</td></tr>' for c in columns
    )
    return f'<<table border="{width}" cellborder="1" cellspacing="0" cellpadding="5">{head}{rows}</table>>'


def _dot_text(text: str) -> str:
    return html.escape(escaped(text))


# --------------------------------------------------------------------------- GraphML

_KEYS: Final = {
    "node": {"label": "string", "name": "string", "kind": "string", "schema": "string", "table": "string", "type": "string"},
    "edge": {
        "kind": "string", "how": "string", "certainty": "string", "file": "string", "line": "int", "expression": "string",
    },
}  # fmt: skip


def graphml(picture: Picture, _: Focus | None) -> Iterator[str]:
    """All tables, columns and edges, with what is known of them. Names of nodes are ``t`` or ``c`` and a number."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    for domain, keys in _KEYS.items():
        for name, kind in keys.items():
            yield f'  <key id="{domain[0]}_{name}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>'
    yield '  <graph id="lineage" edgedefault="directed">'
    for table, found in enumerate(picture.tables):
        named = {"label": found.name, "name": _full_name(picture, table), "kind": found.kind, "schema": found.schema}
        yield _element("node", f'id="t{table}"', named)
    for number, column in enumerate(picture.columns):
        above = _full_name(picture, column.table)
        named = {
            "label": column.name,
            "name": f"{above}.{column.name}",
            "kind": "Column",
            "table": above,
            "type": column.type,
        }
        yield _element("node", f'id="c{number}"', named)
        yield _element("edge", f'source="t{column.table}" target="c{number}"', {"kind": "HAS_COLUMN"})
    yield from _graphml_edges(picture)
    yield "  </graph>"
    yield "</graphml>"


def _graphml_edges(picture: Picture) -> Iterator[str]:
    def place(statement: int, line: int = 0) -> dict[str, str]:
        said = picture.statements[statement]
        return {"file": picture.files[said.file].path, "line": str(line or said.line)}

    for flow in picture.flows:
        named = {"kind": "FLOWS_TO", "how": flow.how, "certainty": flow.certainty, "expression": flow.expression}
        yield _element(
            "edge", f'source="c{flow.source}" target="c{flow.target}"', named | place(flow.statement, flow.line)
        )
    for influence in picture.influences:
        named = {"kind": "INFLUENCES", "how": influence.how}
        ends = f'source="c{influence.source}" target="t{influence.target}"'
        yield _element("edge", ends, named | place(influence.statement, influence.line))
    for feed in picture.feeds:
        yield _element(
            "edge", f'source="t{feed.source}" target="t{feed.target}"', {"kind": "FEEDS"} | place(feed.statement)
        )


def _element(domain: str, attributes: str, named: Mapping[str, str]) -> str:
    data = "".join(
        f'<data key="{domain[0]}_{name}">{html.escape(escaped(value), quote=False)}</data>'
        for name, value in named.items()
        if value
    )
    return f"    <{domain} {attributes}>{data}</{domain}>"


# --------------------------------------------------------------------------- shared


def _full_name(picture: Picture, table: int) -> str:
    found = picture.tables[table]
    return shown_name(shown_project(picture)(found.project), found.schema, found.name)


def _distinct_flows(picture: Picture, kept: set[int]) -> list[Flow]:
    """One for each pair of columns that are kept: the most certain one; without those to themselves."""
    found: dict[tuple[int, int], Flow] = {}
    for flow in picture.flows:
        if flow.source in kept and flow.target in kept and flow.source != flow.target:
            known = found.get(flow[:2])
            if known is None or known.certainty > flow.certainty:
                found[flow.source, flow.target] = flow
    return list(found.values())


DRAWINGS: Final[Mapping[str, Drawing]] = {"mermaid": mermaid, "dot": dot, "graphml": graphml}
