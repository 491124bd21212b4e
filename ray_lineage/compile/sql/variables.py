"""Whose variables are they? What a program's variables are and hold ends with it: another one may use the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.model import VARIABLES, Assignment, Name

if TYPE_CHECKING:
    from ray_lineage.compile.sql.statements import FileCompiler


class _Kinds(NamedTuple):
    """What is known of a program's variables besides that they are there."""

    rows: dict[str, Name]
    records: set[str]
    resultsets: set[str]
    row_types: set[str]


class Variables:
    """The variables of the program at hand. A member begins with those of its package, a program with those of the script."""

    owner: str = ""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kinds] = {}

    def kinds_of(self, owner: str) -> _Kinds:
        """What is known of an owner's variables."""
        found = self._kinds.get(owner)
        if found is None:
            found = _Kinds({}, set(), set(), set())
            if owner:
                rows, *others = self.kinds_of(owner.rpartition(".")[0])
                found = _Kinds(dict(rows), *map(set, others))
            self._kinds[owner] = found
        return found

    @property
    def rows(self) -> dict[str, Name]:
        """Loop variables and records, and the temporary table whose rows they are."""
        return (self._kinds.get(self.owner) or self.kinds_of(self.owner)).rows

    @property
    def records(self) -> set[str]:
        """Variables that hold rows."""
        return self.kinds_of(self.owner).records

    @property
    def resultsets(self) -> set[str]:
        """Snowflake's variables that hold the result of a query."""
        return self.kinds_of(self.owner).resultsets

    @property
    def row_types(self) -> set[str]:
        """Types of records."""
        return self.kinds_of(self.owner).row_types

    def forget_kinds(self, owner: str) -> None:
        """The program begins anew, or the block ended."""
        self._kinds.pop(owner, None)


_SCRIPT_VARIABLES: Final = frozenset({"bigquery", "databricks", "spark", ""})
"""Where variables may be declared in no block, for all that follows."""


def declare(c: FileCompiler, variable: str) -> None:
    """There is such a variable in the program at hand."""
    c.declared.setdefault(c.owner, set()).add(variable)
    if not c.owner and not c.path and c.dialect in _SCRIPT_VARIABLES:
        c.lasting.add(variable)


def leave_block(c: FileCompiler, tokens: list[Token]) -> None:
    """A block in no program, or a batch of T-SQL, ended: what it declared is gone. What the session has stays (``$v`` of
    Snowflake, cursors and ``#t`` of T-SQL, variables of a script)."""
    if c.is_tsql:
        c.texts.pop("", None)
        _forget(c, tokens, "", {name for name in _held(c, "") if name[0] == "@"})
        return
    declared = c.declared.get("", set())
    stays = c.declared[""] = {name for name in declared if name[0] == "$" or name in c.lasting}
    gone = {f"@{name}" for name in declared - stays if f"${name}" not in stays}
    for name in gone:
        c.texts_of("").forget(name[1:])
    rows = c.dialect not in _SCRIPT_VARIABLES  # there a loop in no block may be around it, whose row stays
    if rows:
        c.declares = False
        c.forget_kinds("")
    _forget(c, tokens, "", {name for name in _held(c, "") if name in gone or (rows and ":" in name)})


def begin_program(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """A program begins: an overload, or another version, of one that was there has variables of its own."""
    outer = owner.rpartition(".")[0]
    if outer in c.owner_names:
        _share(c, tokens, outer)
    c.owner = owner
    if owner not in c.owner_names:
        return
    if c.is_tsql:  # has no overloads
        c.declarations[:] = [d for d in c.declarations if d.name != c.owner_names[owner]]
    for known in (c.parameters, c.outputs, c.returned_names, c.declared, c.texts, c.trigger_tables, c.returned):
        known.pop(owner, None)
    c.forget_kinds(owner)
    _forget(c, tokens, owner, _held(c, owner))


def _share(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """The variables of a package, or of a program with local ones, are there from here on: members put into them what the
    others see."""
    names = c.declared.get(owner, set()) - c.shared.get(owner, set())
    if not names:
        return
    c.shared.setdefault(owner, set()).update(names)
    variables = [f"@{name}" for name in sorted(names)]
    c.carriers.setdefault(owner, set()).update(variables)
    path, c.path = c.path, ()
    given = tuple(Assignment(name, ()) for name in variables)
    c._add(tokens, "assign", c.nothing, owner, target=VARIABLES, assignments=given)
    for row in sorted({c.kinds_of(owner).rows[name] for name in c.kinds_of(owner).records & names}):
        c._add(tokens, "assign", c.nothing, owner, target=row, defines=True)
    c.path = path


def _held(c: FileCompiler, owner: str) -> set[str]:
    """The variables, cursors and temporary tables of an owner that something was put into since it was asked last."""
    begin = c.held_until.get(owner, 0)
    c.held_until[owner] = len(c.statements)
    out: set[str] = set()
    for statement in c.statements[begin:]:
        if statement.procedure != owner:
            continue
        if statement.target == VARIABLES:
            out.update(a.column for a in statement.assignments)
        elif len(statement.target) == 1 and statement.target[0][:1] in ("#", "@"):
            out.add(statement.target[0])
    return out


def _forget(c: FileCompiler, tokens: list[Token], owner: str, names: set[str]) -> None:
    if not names:
        return
    carriers = c.carriers.get(owner)
    if carriers is not None:
        carriers -= names
    path = c.path
    if not c.is_tsql:  # elsewhere a path says only that the order is not known
        c.path = ()
    c._add(tokens, "assign", c.nothing, owner, target=VARIABLES, columns=tuple(sorted(names)), defines=True)
    c.path = path
