"""The answer as a comment on a pull request. Whatever a name holds, it stays text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ray_lineage.counting import counting
from ray_lineage.diff import render
from ray_lineage.diff.report import Found, Report, grouped
from ray_lineage.logs import one_line, star

MARKER: Final = "<!-- ray_lineage diff -->"
"""Of the comment that is to be updated."""
MOST: Final = 60_000
"""Characters: GitHub refuses more than 65,536."""
_ROWS: Final = 20
_CELL: Final = 300
_SIGNS: Final = {"error": ":x:", "warning": ":warning:", "note": ":information_source:"}
_SPECIAL: Final = re.compile(r"[^\w\s.,;()/+=-]|_|www\.", re.ASCII)


def markdown(report: Report, command: str) -> str:
    """The comment; where it would be too long, ``command`` says how to get the rest."""
    own = report.own
    top = [MARKER, "### Lineage: " + prose(render.verdict(report)), "", prose(render.head_line(report)), ""]
    if own:
        top += [
            "| | change | where | reaches | owners |",
            "|---|---|---|---|---|",
            *(_row(group, report) for group in grouped(own)[:_ROWS]),
            "",
        ]
    return _fitted(top, list(_details(own, report)), command)


def _fitted(top: list[str], blocks: list[str], command: str) -> str:
    """The blocks that fit, each whole; never more than MOST characters."""
    last = f"Not everything fits here; all of it: {code(command)}\n"
    text = "\n".join(top)
    if len(text) + len(last) > MOST:
        text = "\n".join(top[:5]) + "\n"
    for block in blocks:
        if len(text) + len(block) + len(last) > MOST:
            return text + last
        text += block
    return text if len(text) <= MOST else text[: MOST - len(last)] + last


def _row(group: Sequence[Found], report: Report) -> str:
    found = group[0]
    change = found.change
    more = f" and {counting(len(group) - 1, 'column')} more" if len(group) > 1 else ""
    owners = list(dict.fromkeys(owner for one in group for owner in one.owners))
    cells = (
        _SIGNS[change.level], f"{prose(change.kind.value)} {code(change.name)}{more}", code(render.place(found, report)),
        prose(_cut(render.reach(*group).removeprefix("reaches "))), " ".join(map(code, owners[:5])),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _details(own: Iterable[Found], report: Report) -> Iterator[str]:
    """One folded block a change, those that follow from others in one block at the end."""
    for group in grouped(own):
        found = group[0]
        lines = [
            *(prose(one.change.says) for one in group),
            *(f"breaks {code(use)}" for use in render.uses(found, report)),
        ]
        yield _folded(f"{found.change.kind.value} {found.change.name}", [*lines, prose(render.reach(*group))])
    rest = [f for f in report.changes if f.change.follows]
    if rest:
        yield _folded(
            f"{len(rest):,} more follow from these", [prose(f"{f.change.says} ({f.change.follows})") for f in rest]
        )


def _folded(summary: str, lines: Iterable[str]) -> str:
    return (
        f"<details><summary>{prose(summary)}</summary>\n\n"
        + "".join(f"- {line}\n" for line in lines)
        + "\n</details>\n"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else text[:_CELL] + "..."


def code(text: str) -> str:
    """A name: in ``<code>``, where nobody is mentioned and nothing linked, with all that is special as entities."""
    return f"<code>{_entities(text)}</code>"


def prose(text: str) -> str:
    """A sentence with names in it: what is special is an entity followed by nothing that is seen, so that ``@name``, ``#1`` and
    addresses stay text."""
    shown = _entities(text)
    for special in ("&#64;", "&#35;", "&#58;", "&#119;&#119;&#119;"):
        shown = shown.replace(special, f"{special}&#8203;")
    return shown


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda m: "".join(f"&#{ord(c)};" for c in m.group()), one_line(star(text)))
