"""A routine (procedure, function, trigger, package; or the script around them): what belongs to it is born and dies with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import Text, Texts
from ray_lineage.model import Local, Name


class Shape(NamedTuple):
    """What the fields of a record are called: ``columns``, or those of the dataset (or cursor) ``like``; if neither is known, as
    the columns of the query that filled it."""

    columns: tuple[str, ...] = ()
    like: Name = ()


class Routine:
    """``around`` is what it is declared in, whose variables it sees: a member's package, a procedure's script. None for the script,
    and in T-SQL, where a routine sees its own variables only. Its kind is a dataset's; the script has none."""

    def __init__(self, name: Name = (), kind: str = "", around: Routine | None = None) -> None:
        self.name = name
        self.kind = kind
        self.around = around
        self.key = ".".join(name)  # as statements name it
        self.parameters: list[
            str
        ] = []  # of T-SQL's procedures; of PL/SQL's those that go out, the others without a name
        self.made: set[str] = set()  # of those of PL/SQL: what they held before is gone
        self.outputs: list[str] = []  # of them, those that give a value back
        self.returned_columns: tuple[str, ...] = ()  # variables that are columns of the result
        self.declared: set[str] = set()  # variables
        self.lasting: set[str] = set()  # of a script's variables those that were declared in no block
        self.shared: set[str] = set()  # variables that members were told of
        self.carriers: set[str] = set()  # variables that got a value from a query
        self.texts = Texts()  # what texts variables hold
        self.texts_run: set[str] = set()  # those that were run so far
        self.table: Name = ()  # of a trigger
        self.tables: dict[
            str, Name
        ] = {}  # names that stand for datasets here: a trigger's rows, what a function returns
        self.row_names: dict[str, Name] = {}  # what a trigger calls its rows
        self.new_names: frozenset[str] = frozenset()  # of them the new ones
        self.queries: list[list[Token]] = []  # what LAST_QUERY_ID means; statements that are no query are empty
        self.query_ids: dict[str, int] = {}  # which of them a variable stands for
        self.held: set[str] = (
            set()
        )  # variables, cursors, temporary tables that something was put into, until it was taken out
        self.rows: dict[str, Name] = (
            dict(around.rows) if around else {}
        )  # loop variables, records: their temporary table
        self.records: set[str] = set(around.records) if around else set()  # variables that hold rows
        self.resultsets: set[str] = set(around.resultsets) if around else set()  # Snowflake's, of a query's result
        self.row_types: dict[str, Shape] = dict(around.row_types) if around else {}  # types of records
        self.shapes: dict[str, Shape] = dict(around.shapes) if around else {}  # of variables that may be records
        self.given: set[str] = (
            set()
        )  # parameters that go out: a cursor that is opened in one gives its rows to the caller
        self.given_rows: list[str] = []  # records among them
        self.cursors: set[str] = set(around.cursors) if around else set()

    @property
    def is_script(self) -> bool:
        return not self.key

    def watch(self, table: Name, names: Mapping[str, Name], new_names: frozenset[str] = frozenset()) -> None:
        """It is a trigger of ``table``, whose rows it calls ``names``."""
        self.table, self.row_names, self.new_names = table, dict(names), new_names
        self.tables = {**self.tables, **names, "inserted": table, "deleted": table}

    def gives(self, name: str, position: int) -> bool | None:
        """Does that parameter of PL/SQL go out with something of a query in it, as far as it was read? None: it may leave what
        it is given."""
        name = name or (self.parameters[position] if position < len(self.parameters) else "")
        if name in self.parameters and Local.VARIABLE.marked(name) in self.carriers:
            return True
        return False if name in self.made else None

    def take_held(self) -> set[str]:
        """What something was put into since this was asked last."""
        held, self.held = self.held, set()
        return held

    def forget_kinds(self) -> None:
        """A block of the script ended: its variables are of no kind any more."""
        self.rows, self.records, self.resultsets, self.row_types, self.shapes = {}, set(), set(), {}, {}

    def variables(self) -> frozenset[str]:
        """The variables that it sees: they are no columns (engines refuse such ambiguity)."""
        if self.around is None:
            return frozenset(self.declared)
        return self.around.variables() | self.declared

    def seen_carriers(self) -> set[str]:
        """Variables that it sees and that got a value from a query."""
        return self.carriers if self.around is None else self.carriers | self.around.seen_carriers()

    def known_texts(self, value: list[Token], path: tuple[int, ...]) -> Iterator[Mapping[str, Text]]:
        """The texts that the variables named in ``value`` may hold, those of the package or script around it too."""
        own = self.texts.variants(value, path)
        outer = self.around
        while outer is not None and outer.around is not None and not outer.texts:
            outer = outer.around
        if outer is None:
            yield from own
            return
        for outside in outer.texts.variants(value, ()):
            for known in own:
                yield {**outside, **known}
