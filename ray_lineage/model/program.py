"""A statement's queries as a small relational program: link settles ``SELECT *`` and unqualified columns with the catalog of all files.

``relations`` is an arena: relations name one another by index.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ray_lineage.model.names import Name

TRANSFORMATIONS: Final = ("identity", "transformation", "aggregation", "masking", "conditional", "window")
"""How a column shapes another one's value. The first four are direct (OpenLineage's words; ``masking``: a hash or mask
function was applied), the last two indirect."""

INFLUENCE_KINDS: Final = ("filter", "join", "group_by", "sort")
"""How a column shapes which rows a dataset gets."""

STAR: Final = "*"
"""Column name of "all columns, which we cannot list"."""

VALUE: Final = "value"
"""Name of the only column of a variable, or of an output parameter."""

VARIABLES: Final = ("@",)
"""Target of statements that assign variables; the assigned columns are their names."""


class Ref(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One use of a column: ``relation`` >= 0 is that relation of the arena; -1 means unqualified, to be looked up in
    the scope of ``scope`` (a Select's index). ``how`` indexes TRANSFORMATIONS (for influences: INFLUENCE_KINDS).
    ``name`` may be ``*``: every column of the relation (of the scope's relations when unqualified). It is written at ``line`` and
    ``column`` of the file (0: not known). ``path``: the fields that lead from the column to what is used of it."""

    relation: int
    scope: int
    name: str
    how: int
    line: int = 0
    column: int = 0
    path: tuple[str, ...] = ()


class Output(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One item of a select list. ``name`` is None for an unnamed expression.

    A star has ``star`` True: ``refs`` holds one Ref with name ``*`` (of another name: the fields of that struct column);
    ``excluded`` names its EXCEPT columns, ``renamed`` maps old to new names (``*`` to what all others are called, such as
    ``f(*)``), ``like`` is the pattern of ``* ILIKE``.
    REPLACE is an exclusion plus an ordinary output behind the star, that ``replaces`` the column of its name: it stands where that
    stood. ``fields`` is the relation whose columns are the fields of the struct that the
    item is, where it is put together here.
    """

    name: str | None
    refs: tuple[Ref, ...]
    line: int = 0
    column: int = 0
    star: bool = False
    excluded: tuple[str, ...] = ()
    renamed: dict[str, str] | None = None
    expression: str = ""  # text, literals as ``?``; empty for a bare column
    like: str = ""
    fields: int = -1
    replaces: bool = False


class Influence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A column that shapes rows. ``how`` indexes INFLUENCE_KINDS."""

    ref: Ref
    how: int


class TableRef(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="t"):
    """A dataset used in FROM. ``columns`` are its alias's column names, if any; ``function`` marks the call of a
    table-valued function, whose argument columns are in ``args``. An empty ``name`` with ``function`` (or one that nobody
    declares) is a built-in one, whose every column comes from its arguments; ``*`` at the end of its ``columns`` means
    that it may have more. ``*`` alone: nobody knows its columns, since it is what had this name before another one was
    declared."""

    name: Name
    line: int
    columns: tuple[str, ...] = ()
    function: bool = False
    args: tuple[Ref, ...] = ()


class Merged(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Columns that a join makes one of: ``names`` of JOIN USING (empty for NATURAL: all common ones), which every
    relation of ``left`` that has them shares with ``right``."""

    names: tuple[str, ...]
    left: tuple[int, ...]
    right: int


class Select(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="s"):
    """A SELECT. ``sources`` are arena indexes in FROM order; ``parent`` is the enclosing Select that correlated names
    may refer to (-1: none). ``lateral`` says that the dialect lets select items use earlier items' aliases.
    ``subqueries`` are queries inside expressions, whose influences are this one's too."""

    sources: tuple[int, ...]
    outputs: tuple[Output, ...]
    influences: tuple[Influence, ...] = ()
    parent: int = -1
    merged: tuple[Merged, ...] = ()
    lateral: bool = False
    subqueries: tuple[int, ...] = ()


class SetOp(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="u"):
    """UNION: branches matched by position (``by_name``: by name; ``kept``: only the columns of the first branch, or those that
    all have). EXCEPT and INTERSECT: the values are those of the first branch, ``filters`` holds the others, which shape rows
    only."""

    branches: tuple[int, ...]
    by_name: bool = False
    filters: tuple[int, ...] = ()
    kept: int = 0


OF_FIRST, OF_ALL = 1, 2
"""``SetOp.kept``."""


class Alias(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="a"):
    """A relation under new column names (by position), as CTEs are. ``recursive``: the relation names this one. ``inserted``:
    it is the row that the statement inserts: its columns are all of the target's, those of the relation where they go."""

    relation: int
    columns: tuple[str, ...] = ()
    recursive: bool = False
    inserted: bool = False


class Variable(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="v"):
    """A variable: one row of one column, VALUE. ``or_column``: where a relation around a reference to it surely has a column of
    that name, that one is meant."""

    name: str
    or_column: bool = False


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="p"):
    """What an output parameter of a procedure holds in the end: the column VALUE. ``program`` is the procedure's relation;
    ``name`` is empty where a call gives the ``position`` only. ``declared``: the call does not say that it goes out, so that only
    the procedure's declaration can."""

    program: int
    name: str
    position: int
    declared: bool = False


Relation = TableRef | Select | SetOp | Alias | Variable | Parameter


class Assignment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``column = expression`` of UPDATE and MERGE, or one column of INSERT's values. ``position`` >= 0 stands for the name: that
    column of the target. The column ``*`` takes all columns of its one ref by their names, or from that position on."""

    column: str
    refs: tuple[Ref, ...]
    line: int = 0
    expression: str = ""
    position: int = -1
