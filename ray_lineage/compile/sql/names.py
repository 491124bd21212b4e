"""Identifiers -> normalised name parts, by the rules of the engine.

Unquoted names fold to lower case everywhere, whatever the engine folds to, so that one spelling stands for one object.
In engines that fold to upper case (Snowflake, Oracle...) a quoted all-upper name is that same object; a quoted
all-lower one is another, and keeps its quotes. In engines that compare without case, quotes change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.engine import Engine, spelling
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.model import MODEL, MODEL_SCHEMA, Local, Name, is_temporary


def with_defaults(name: Name, catalog: str, schema: str, usual: str = "") -> Name:
    """Fill in missing outer parts. ``usual`` is the schema of a database where no other is current; ``db..table`` has an empty
    middle part that means it."""
    if len(name) == 3 and not name[1]:
        name = (name[0], schema or usual or "dbo", name[2])
    if catalog and not schema:
        schema = usual
    if len(name) == 1 and schema:
        name = (schema, *name)
    if len(name) == 2 and catalog:
        name = (catalog, *name)
    return name


_PASSWORD: Final = re.compile(r"://[^/@\s:]*:[^/@\s]*@")


def location_of(text: str) -> str:
    """A file's path or address without what may be a secret: what follows a question mark (a signature), a password."""
    return _PASSWORD.sub("://", text.split("?", 1)[0] or text)


NOBODY: Final = Local.TABLE.named(UNKNOWN)
"""A table of whose name nothing is known."""

_FORMATS: Final = frozenset(
    {"parquet", "delta", "csv", "json", "orc", "text", "avro", "binaryfile", "iceberg", "tsv", "ndjson", "jsonl", "gz", "zst",
     "xlsx", "arrow"}
)  # fmt: skip
_EXTERNAL: Final = "external"
"""First part of a location's name."""


class Names:
    """What names mean at the place at hand: ``USE`` completes them, some are temporary tables, some a trigger's rows."""

    def __init__(self, engine: Engine, catalog: str, schema: str) -> None:
        self.engine = engine
        self.fold = engine.fold
        self.catalog = self.fold(catalog, False) if catalog else ""
        self.schema = self.fold(schema, False) if schema else ""
        self.server = ""  # where the text at hand runs, if not here
        self.temporary: set[str] = set()
        self.local: Mapping[str, Name] = {}  # what the routine at hand calls datasets
        self.locations: dict[Name, int] = {}  # files that were named, and their first line
        self.settled: set[Name] = set()  # names that a rewrite wrote whole
        self.spelled: dict[Name, Name] = {}  # datasets, and their last parts as they are written, where these differ
        self.outer = _outer(engine, catalog, schema)  # what completes names, as it is written
        self.dynamic = False  # a name may have parts that are not known
        self.templated = (
            False  # ... in front, as a template's variables are: it is the table of that name in whichever schema
        )

    def part(self, token: Token) -> str:
        """One part of a name."""
        if token.token_type is T.DOT:
            return ""
        return str(self.fold(token.text, token.token_type is T.IDENTIFIER))

    def name(self, parts: list[Token]) -> Name:
        """The parts as they are written."""
        if self.engine.dotted_quotes and any(p.token_type is T.IDENTIFIER and "." in p.text for p in parts):
            return tuple(self.fold(text, True) for p in parts for text in p.text.split("."))
        return tuple(self.part(p) for p in parts)

    def full(self, parts: list[Token]) -> Name:
        """The dataset that tokens name. Raises ParseError where there are none."""
        if len(parts) == 2 and parts[1].token_type is T.IDENTIFIER and self.engine.files_as_tables:
            text = parts[1].text
            if parts[0].text.lower() in _FORMATS and ("/" in text or ":" in text):  # delta.`/path`
                return self.location(text, parts[1].line)
        name = self.qualified(self.name(parts))
        self.spell(name, [p.text for p in parts])
        return name

    def spell(self, name: Name, texts: Sequence[str]) -> None:
        """The last parts of a dataset's name are written so; what stands in front of them as it was written elsewhere."""
        if self.engine.stores_lower or len(texts) > len(name):
            return
        outer = name[: len(name) - len(texts)]
        written = (*self._outer_parts(outer), *texts) if outer else tuple(texts)
        self.spelled[name] = () if written == name else self._spelling(name, written)

    def _outer_parts(self, outer: Name) -> Name:
        known = self.spelled.get(outer)
        return known or (tuple([self.outer.get(part, part) for part in outer]) if self.outer else outer)

    def _spelling(self, name: Name, written: Name) -> Name:
        spelled = tuple([t if t.lower() == p else p for t, p in zip(written, name, strict=True)])
        return spelled if spelled != name else ()

    def noted(self, text: str, part: str) -> str:
        """A part that completes names from here on."""
        if spelled := spelling(self.engine, text, part):
            self.outer[part] = spelled
        else:
            self.outer.pop(part, None)
        return part

    def qualified(self, name: Name) -> Name:
        """The dataset of a name as it is written."""
        if not name:
            raise ParseError("a name is missing")
        if name[0] == MODEL_SCHEMA and len(name) > 1:
            return model_of(name[1:])
        if self.dynamic or "?" in name:
            written, name = name, unknown_name(name)
            if len(name) < len(written) and len(name) == 1:  # of a schema that is not the default one for all we know
                return name
        if len(name) == 1:
            if name[0] in self.local:
                return self.local[name[0]]
            if is_temporary(name):
                return name
            if name[0] in self.temporary:
                return Local.TABLE.named(name[0])
            if name[0] in self.engine.system_tables:
                return (self.engine.system_schema, name[0])
        elif name in self.locations or name in self.settled:
            return name
        elif len(name) == 2 and name[0] == self.engine.own_schema:  # of the pipeline itself
            name = name[1:]
        elif name[0] == "global_temp" and name[-1] in self.temporary:
            return Local.TABLE.named(name[-1])
        if self.server:
            return (self.server, *with_defaults(name, "", ""))
        usual = self.engine.default_schema
        if usual and len(name) == 3 and not name[1] and not self.engine.default_is_users:
            return (name[0], usual, name[2])
        return with_defaults(name, self.catalog, self.schema, usual)

    def use_catalog(self, catalog: str) -> None:
        """Another database is current, and in it, where sessions have one, its usual schema."""
        self.catalog = catalog
        if self.engine.default_schema and not self.engine.default_is_users:
            self.schema = ""

    def location(self, text: str, line: int, *, folded: bool = False) -> Name:
        """A file, a folder or a stage: locations are compared as they are written (``folded``: by the engine's rules)."""
        plain = location_of(text)
        if folded:
            plain = str(self.fold(plain, True))
        elif plain.startswith("@"):
            plain = f"stage:{plain[1:]}"
        name = (_EXTERNAL, plain)
        if folded:
            self.spell(name, [location_of(text)])
        self.locations.setdefault(name, line)
        return name

    @contextmanager
    def elsewhere(self, server: str) -> Iterator[None]:
        """Names belong to another server, whose current database is not known."""
        outer, self.server = self.server, str(self.fold(server, False)) or self.server
        try:
            yield
        finally:
            self.server = outer

    # ------------------------------------------------------------------ of syntax trees

    def dataset(self, table: exp.Table) -> Name:
        """The dataset that a table in a query is."""
        this = table.this
        if this.__class__ is not exp.Identifier:
            if isinstance(this, exp.Parameter):
                return self.qualified(Local.VARIABLE.named(self.fold(this.name, False)))
            if isinstance(this, exp.DynamicIdentifier):  # IDENTIFIER('a.b')
                text = this.name
                parts = read_name(tokenize(text, self.engine)[0], 0)[0] if isinstance(this.this, exp.Literal) else []
                return self.full(parts) if parts else NOBODY
            if isinstance(this, exp.DirectoryStage):  # DIRECTORY(@stage)
                this = this.this
            if isinstance(this, exp.Var) and this.name.startswith("@"):  # a stage
                return self.location(this.name, 0)
        args = table.args
        parts = [p for p in (args.get("catalog"), args.get("db"), this) if p is not None]
        if isinstance(this, exp.Identifier) and (this.args.get("temporary") or this.args.get("global_")):
            mark = "#" if this.args.get("global_") else ""  # ``##t``
            return Local.TABLE.named(mark + self.fold(this.name, False))
        names: list[str] = []
        for part in parts:
            if part.__class__ is exp.Identifier and not self.engine.dotted_quotes:
                names.append(self.fold(part.args["this"], bool(part.args.get("quoted"))))
            else:
                names.extend(self._dotted(part))
        if names and names[-1].startswith(Local.TABLE):
            return (names[-1],)
        if self.engine.files_as_tables and (path := _file_as_table(parts)):
            return self.location(path, 0)
        name = self.qualified(tuple(names))
        if name not in self.spelled:
            self.spell(name, [p.name if isinstance(p, Expression) else p for p in parts])
        return name

    def _dotted(self, part: Expression | str) -> list[str]:
        if isinstance(part, str):  # the middle of db..t
            return [part]
        if isinstance(part, exp.Dot):
            return [*self._dotted(part.this), *self._dotted(part.expression)]
        if isinstance(part, exp.Identifier):
            if self.engine.dotted_quotes and part.args.get("quoted") and "." in part.name:
                return [self.fold(p, True) for p in part.name.split(".")]
            return [self.fold(part.name, bool(part.args.get("quoted")))]
        return [self.fold(part.name, False)]


def _outer(engine: Engine, catalog: str, schema: str) -> dict[str, str]:
    folded = ((engine.fold(text, False), text) for text in (catalog, schema) if text)
    return {name: text for name, text in folded if spelling(engine, text, name)}


def _file_as_table(parts: list[Expression]) -> str:
    """``parquet.`/path` `` of Spark, ``'file.csv'`` of DuckDB: the location."""
    last = parts[-1] if parts else None
    if not isinstance(last, exp.Identifier) or not last.args.get("quoted"):
        return ""
    text = str(last.name)
    if len(parts) == 2 and parts[0].name.lower() in _FORMATS and ("/" in text or ":" in text):
        return text
    if len(parts) == 1 and ("/" in text or ("." in text and text.lower().rsplit(".", 1)[-1] in _FORMATS)):
        return text
    return ""


def model_of(name: Name) -> Name:
    """The name of the dbt model ``([package,] model)``; packages and models are compared without case and quotes."""
    return (*(part.strip('"').lower() for part in name), MODEL)


def unknown_name(name: Name) -> Name:
    """A name whose last part is unknown is a table of nobody: it has no sources and nothing it gets can be seen. Where only its
    database or schema is unknown it is the table of that name in whichever one."""
    name = tuple(
        UNKNOWN if part == "?" else part for part in name
    )  # what a program replaces by names, one after another
    unknown = [k for k, part in enumerate(name) if UNKNOWN in part]
    if not unknown:
        return name
    return name[unknown[-1] + 1 :] or NOBODY
