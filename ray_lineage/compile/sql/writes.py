"""Statements that write in the way of one engine: multi-table inserts, LOAD, EXPORT, updates of a query, models.

Each function reads one statement and tells the file's compiler what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp
from sqlglot.tokens import Token

from ray_lineage.compile.sql import data, define, procedural
from ray_lineage.compile.sql.lex.columns import ColumnItem, CreateHead, read_columns
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import made
from ray_lineage.compile.sql.query.scope import FILTER, IDENTITY, Collected, Scope
from ray_lineage.compile.sql.relations import Builder
from ray_lineage.compile.sql.rewrite import imported
from ray_lineage.model import STAR, Alias, Assignment, Call, Declaration, Influence, Name, Output, Ref, Select, TableRef

if TYPE_CHECKING:
    from ray_lineage.compile.sql.statements import FileCompiler


_STRINGS: Final = frozenset({T.STRING, T.NATIONAL_STRING, T.RAW_STRING, T.HEREDOC_STRING})


def multitable_insert(c: FileCompiler, tree: exp.MultitableInserts, tokens: list[Token], owner: str) -> None:
    """``INSERT ALL|FIRST [WHEN c THEN] INTO a (x) VALUES (y) INTO b SELECT ...``: a statement for each target.

    The conditions in front of a branch shape its rows too: with FIRST and in ELSE it gets what those left over.
    """
    conditions: list[exp.Expr] = []
    first = str(tree.args.get("kind") or "").upper() == "FIRST"
    last: exp.Expr | None = None
    for branch in tree.expressions:
        condition = branch.args.get("expression")
        if condition is not None and condition is not last:
            last = condition
            conditions.append(condition)
        if branch.args.get("else_"):
            last = None
        builder = c._builder()
        root = builder.query(tree.args["source"], None, builder.ctes(tree, None, {}))
        index = builder._reserve()
        scope = Scope(index, None, {})
        influences: list[Influence] = []
        subqueries: list[int] = []
        builder.relations[index] = Select((root,), ())
        shaping = conditions if first or branch.args.get("else_") else [last] if last is not None else []
        for node in shaping:
            builder.influence(node, scope, FILTER, influences, subqueries)
        insert = branch.this
        target, columns = data.insert_target(c, insert.this)
        values = insert.args.get("expression")
        rows = values.expressions if isinstance(values, exp.Values) else []
        if not rows:
            c._add(tokens, "insert", builder, owner, root=root, target=target, columns=columns, influences=influences,
                   subqueries=subqueries)  # fmt: skip
            continue
        outputs = builder._outputs(list(rows[0].expressions), scope, [root], subqueries)
        builder.relations[index] = Select((root,), outputs)
        c._add(tokens, "insert", builder, owner, root=index, target=target, columns=columns, influences=influences,
               subqueries=subqueries)  # fmt: skip


def update_of_a_query(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``UPDATE (SELECT o.x AS a, t.y AS b FROM o JOIN t ...) SET a = b``: the columns behind the query's are written."""
    if len(tokens) < 4 or tokens[1].token_type is not T.L_PAREN:
        return False
    end = closing(tokens, 1)
    at = next((i for i in range(end, len(tokens)) if tokens[i].token_type is T.SET), -1)
    if at < 0 or at - end > 3:
        return False
    builder = c._builder()
    query = builder.query(c._parse(tokens[2:end], "SELECT"))
    name = [tokens[at - 1]] if at - end > 1 else [Token(T.VAR, "q", tokens[0].line)]
    tree = c._parse([tokens[0], *name, *tokens[at:]], "UPDATE")
    index = builder._reserve()
    scope = Scope(index, None, {})
    scope.aliases[c._part(name[0])] = query
    builder.relations[index] = Select((query,), ())
    assignments: list[Assignment] = []
    subqueries: list[int] = []
    data.set_clauses(c, tree.expressions, builder, scope, query, assignments, subqueries)
    written: dict[Name, list[Assignment]] = {}
    for assignment in assignments:
        target, column = _base_column(builder, query, assignment.column)
        written.setdefault(target, []).append(
            Assignment(column, assignment.refs, assignment.line, assignment.expression)
        )
    for target, found in written.items():
        if target:
            c._add(
                tokens,
                "update",
                builder,
                owner,
                target=target,
                assignments=tuple(found),
                scope=index,
                subqueries=subqueries,
            )
    return True


def _base_column(builder: Builder, index: int, column: str) -> tuple[Name, str]:
    """The dataset and column behind a query's column that is a plain one."""
    relation = builder.relations[index]
    if isinstance(relation, TableRef):
        return relation.name, column
    if isinstance(relation, Alias):
        return _base_column(builder, relation.relation, column)
    if not isinstance(relation, Select):
        return (), column
    for output in relation.outputs:
        if output.star and relation.sources:
            return _base_column(builder, relation.sources[0], column)
        if output.name == column and len(output.refs) == 1 and output.refs[0].how == IDENTITY:
            ref = output.refs[0]
            source = ref.relation if ref.relation >= 0 else relation.sources[0] if relation.sources else -1
            return _base_column(builder, source, ref.name) if source >= 0 else ((), column)
    return (), column


def load(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``LOAD DATA [LOCAL] INPATH|INFILE 'file' ... INTO TABLE t [(a, @v) SET b = f(@v)]``, ``LOAD DATA INTO t FROM FILES (...)``."""
    if c.dialect == "singlestore":
        tokens = _without_paths(tokens)
    words = [t.text.upper() if t.token_type not in _STRINGS else "" for t in tokens]
    at = next((i for i, w in enumerate(words) if w in ("INPATH", "INFILE")), -1)
    into = next((i for i, w in enumerate(words) if w in ("INTO", "OVERWRITE") and words[i + 1 : i + 2] != ["INTO"]), -1)
    if into < 0:
        return
    i = into + 1
    while i < len(tokens) and words[i] in ("TABLE", "OVERWRITE", "INTO", "TEMP", "TEMPORARY"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return
    target = c._full(parts)
    if at < 0:
        for location in _uris(tokens, i):
            columns = _names(c, tokens, i) if i < len(tokens) and tokens[i].token_type is T.L_PAREN else []
            _load_from(c, tokens, procedural.external(c, location, tokens[0].line), target, columns, owner)
        return
    if tokens[at + 1].token_type is T.L_PAREN:  # INFILE ("file") of Doris
        at += 1
    source = procedural.external(c, tokens[at + 1].text, tokens[at + 1].line)
    lists = [
        k for k in range(i, len(tokens))
        if tokens[k].token_type is T.L_PAREN
        and words[k - 1] not in ("PARTITION", "OPTIONS", "SERDEPROPERTIES", "BROKER", "PROPERTIES")
    ]  # fmt: skip
    columns = _names(c, tokens, lists[0]) if lists and words[lists[0] - 1] != "SET" else []
    _load_from(c, tokens, source, target, columns, owner)
    sets = next((k for k in range(i, len(tokens)) if words[k] == "SET" and words[k - 1] != "CHARACTER"), -1)
    if sets > 0:
        _load_set(c, tokens, sets, source, target, [n for n in columns if n.startswith("@")], owner)


def _without_paths(tokens: list[Token]) -> list[Token]:
    """``(a <- b::c, @v <- d)`` -> ``(a, @v)``."""
    out: list[Token] = []
    in_path = False
    for i, token in enumerate(tokens):
        if token.token_type in (T.COMMA, T.R_PAREN):
            in_path = False
        elif token.token_type is T.LT and tokens[i + 1 : i + 2] and tokens[i + 1].token_type is T.DASH:
            in_path = True
        if not in_path:
            out.append(token)
    return out


def _names(c: FileCompiler, tokens: list[Token], i: int) -> list[str]:
    out: list[str] = []
    for a, _ in list_items(tokens, i + 1, closing(tokens, i)):
        parts, _ = read_name(tokens, a)
        out.append(c._part(parts[0]) if parts else "")
    return out


def _load_from(
    c: FileCompiler, tokens: list[Token], source: Name, target: Name, columns: list[str], owner: str
) -> None:
    """A file's columns go into ``columns`` by position; which of the file's they are is not known."""
    builder = c._builder()
    table = builder._add(TableRef(source, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder._add(Select((table,), (output,)))
    if not columns:
        c._add(tokens, "load", builder, owner, root=root, target=target)
        return
    alias = builder._add(Alias(root, tuple(columns)))
    assignments = tuple(Assignment(n, (Ref(alias, -1, n, IDENTITY),)) for n in columns if n and not n.startswith("@"))
    c._add(tokens, "load", builder, owner, target=target, assignments=assignments, subqueries=[alias])


def _load_set(
    c: FileCompiler, tokens: list[Token], at: int, source: Name, target: Name, variables: list[str], owner: str
) -> None:
    """``SET b = UPPER(@v)`` where @v is a field of the file."""
    builder = c._builder()
    table = builder._add(TableRef(source, tokens[0].line, tuple(variables)))
    for variable in variables:
        builder._variables[variable] = builder._add(
            Select((table,), (Output("value", (Ref(table, -1, variable, IDENTITY),)),))
        )
    scope = Scope(builder._add(Select((), ())), None, {})
    update = Token(T.UPDATE, "UPDATE", tokens[at].line)
    tree = c._parse([update, Token(T.VAR, "o", tokens[at].line), *tokens[at:]], "UPDATE")
    assignments: list[Assignment] = []
    subqueries: list[int] = []
    data.set_clauses(c, tree.expressions, builder, scope, -1, assignments, subqueries)
    c._add(
        tokens,
        "load",
        builder,
        owner,
        target=target,
        assignments=tuple(assignments),
        scope=scope.index,
        subqueries=subqueries,
    )


def _uris(tokens: list[Token], i: int) -> list[str]:
    """The locations in ``OPTIONS (uri = '...', uris = ['...', '...'])``."""
    out: list[str] = []
    for k in range(i, len(tokens) - 2):
        if tokens[k].text.lower() in ("uri", "uris", "path") and tokens[k].token_type not in _STRINGS:
            j = k + 1 if tokens[k + 1].token_type in _STRINGS else k + 2
            while j < len(tokens) and (
                tokens[j].token_type in _STRINGS or tokens[j].token_type in (T.L_BRACKET, T.COMMA)
            ):
                if tokens[j].token_type in _STRINGS:
                    out.append(tokens[j].text)
                elif (
                    tokens[j].token_type is T.COMMA and j + 1 < len(tokens) and tokens[j + 1].token_type not in _STRINGS
                ):
                    break
                j += 1
    return out


def export(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``EXPORT DATA OPTIONS (uri = '...') AS SELECT ...``, ``EXPORT t INTO ... FILE 'f'`` of Exasol."""
    for location in _files(tokens):
        query = tokens[2 : closing(tokens, 1)] if tokens[1].token_type is T.L_PAREN else []
        target = procedural.external(c, location, tokens[0].line)
        if query:
            builder = c._builder()
            root = builder.query(c._parse(query, "SELECT"))
            c._add(tokens, "export", builder, owner, root=root, target=target)
        else:
            parts, _ = read_name(tokens, 1)
            procedural.move(c, tokens, c._full(parts), target, "export", owner)
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
        if depth == 0 and token.token_type is T.ALIAS:
            tree = c._parse(tokens[i + 1 :], "SELECT")
            for location in _uris(tokens, 0):
                builder = c._builder()
                root = builder.query(tree)
                target = procedural.external(c, location, tokens[0].line)
                c._add(tokens, "export", builder, owner, root=root, target=target)
            return


def port_table(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``EXPORT TABLE t [PARTITION (...)] TO '/path'`` and ``IMPORT [[EXTERNAL] TABLE t] FROM '/path'`` of Hive."""
    at = next((i for i, t in enumerate(tokens[:4]) if t.text.upper() == "TABLE"), -1)
    parts, i = read_name(tokens, at + 1) if at > 0 else ([], 0)
    for k in range(i, len(tokens) - 1):
        word = tokens[k].text.upper()
        if parts and word in ("TO", "FROM") and tokens[k + 1].token_type in _STRINGS:
            location = procedural.external(c, tokens[k + 1].text, tokens[k + 1].line)
            ends = (c._full(parts), location) if word == "TO" else (location, c._full(parts))
            procedural.move(c, tokens, *ends, tokens[0].text.lower(), owner)
            return


def into_outfile(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``SELECT a INTO OUTFILE 'file' ... FROM t`` of MySQL. False if it is something else."""
    at = next(
        (i for i, t in enumerate(tokens) if t.text.upper() in ("OUTFILE", "DUMPFILE") and t.token_type is T.VAR), -1
    )
    if at < 1 or tokens[at - 1].token_type is not T.INTO or at + 1 >= len(tokens):
        return False
    end = next((i for i in range(at, len(tokens)) if tokens[i].token_type is T.FROM), len(tokens))
    builder = c._builder()
    root = builder.query(c._parse([*tokens[: at - 1], *tokens[end:]], "SELECT"))
    target = procedural.external(c, tokens[at + 1].text, tokens[at + 1].line)
    c._add(tokens, "export", builder, owner, root=root, target=target)
    return True


def insert_format(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``INSERT INTO t [(a, b)] [SETTINGS ...] FORMAT CSV data`` of ClickHouse. False if it is something else."""
    i = 1
    while i < len(tokens) and tokens[i].text.upper() in ("INTO", "TABLE"):
        i += 1
    parts, i = read_name(tokens, i)
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        i = closing(tokens, i) + 1
    if i < len(tokens) and tokens[i].text.upper() == "SETTINGS":
        i = next((k for k in range(i, len(tokens)) if tokens[k].text.upper() in ("FORMAT", "SELECT", "VALUES")), i)
    if (
        not parts
        or i + 1 >= len(tokens)
        or tokens[i].text.upper() != "FORMAT"
        or "VALUES" in tokens[i + 1].text.upper()
    ):
        return False
    c._add(tokens, "insert", c.nothing, owner, target=c._full(parts))
    return True


def insert_row(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``INSERT INTO t VALUES r`` and ``VALUES rows(i)`` of PL/SQL. False if it is something else."""
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.VALUES), -1)
    if at < 0 or at + 1 >= len(tokens) or c._part(tokens[at + 1]) not in c.rows or tokens[1].token_type is not T.INTO:
        return False
    if at + 2 < len(tokens) and tokens[at + 2].token_type is T.DOT:
        return False
    parts, i = read_name(tokens, 2)
    columns = procedural.column_list(c, tokens, i) if i < at else ()
    builder = c._builder()
    table = builder._add(TableRef(c.rows[c._part(tokens[at + 1])], tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder._add(Select((table,), (output,)))
    c._add(tokens, "insert", builder, owner, root=root, target=c._full(parts), columns=columns)
    return True


def apply_changes(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``APPLY CHANGES INTO t FROM STREAM(s) ...`` of Databricks: all columns of s."""
    words = [t.text.upper() for t in tokens]
    if "INTO" not in words or "FROM" not in words:
        return
    target, _ = read_name(tokens, words.index("INTO") + 1)
    i = words.index("FROM") + 1
    if i < len(words) and words[i] == "STREAM":
        i += 2 if words[i + 1 : i + 2] == ["("] else 1
    source, _ = read_name(tokens, i)
    if target and source:
        procedural.move(c, tokens, c._full(source), c._full(target), "apply_changes", owner)


def cached(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``CACHE [LAZY] TABLE w AS SELECT ...``: a temporary view."""
    at = next((i for i, t in enumerate(tokens[:3]) if t.text.upper() == "TABLE"), -1)
    parts, i = read_name(tokens, at + 1)
    query = i
    if query + 1 < len(tokens) and tokens[query].text.upper() == "OPTIONS":
        query = closing(tokens, query + 1) + 1
    if query < len(tokens) and tokens[query].token_type is T.ALIAS:
        query += 1
    if at < 0 or not parts or query >= len(tokens):
        return
    c.temporary.add(c._name(parts)[-1])
    define.define(c, tokens, tokens[query:], c._full(parts), "TempTable", (), "create_table_as", owner, temporary=True)


def create(c: FileCompiler, tokens: list[Token], words: list[str], owner: str) -> bool:
    """CREATE of what is neither table, view nor program. False if it is something else."""
    kind = next((w for w in words[1:5] if w in _CREATED), "")
    if not kind or (kind == "TABLE" and words[words.index(kind) + 1 : words.index(kind) + 2] != ["FUNCTION"]):
        return False
    i = words.index(kind) + 1
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "FUNCTION"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return False
    name = c._full(parts)
    if kind == "SEQUENCE":
        c.declarations.append(Declaration(name, "Sequence", tokens[0].line))
    elif kind == "STREAM":
        return _stream(c, tokens, name, i, owner)
    elif kind == "MODEL":
        query = _after_as(tokens, i)
        if query:
            define.define(c, tokens, query, name, "Table", (), "create_model", owner)
    elif kind == "PIPE":
        query = _after_as(tokens, i)
        if query and query[0].text.upper() == "COPY":
            procedural.copy(c, query, owner)
    elif kind == "FLOW":
        query = _after_as(tokens, i)
        if query and query[0].token_type is T.INSERT:
            c._data(query, "INSERT", owner)
        elif query:
            apply_changes(c, query, owner)
    elif kind == "SOURCE":
        _source(c, tokens, name, i, owner)
    elif kind == "SINK":
        _sink(c, tokens, name, i, owner)
    elif kind == "DICTIONARY":
        _dictionary(c, tokens, name, i, owner)
    elif kind == "TRIGGER":
        return _trigger(c, tokens, name)
    elif kind == "PIPELINE":
        _pipeline(c, tokens, name, i, owner)
    elif kind == "LOAD":
        _routine_load(c, tokens, name, i, owner)
    elif kind == "JOB":
        c._scheduled(tokens, "DO", owner)
    elif kind == "INDEX":
        return words[1] == "JOIN" and _join_index(c, tokens, name, i, owner)
    elif kind == "TABLE":  # CREATE TABLE FUNCTION of BigQuery
        c.owner = ".".join(name)
        if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
            c._parameters(tokens, i)
        query = _after_as(tokens, i)
        if query:
            define.define(c, tokens, query, name, "Function", (), "create_function", owner)
    else:
        return False
    return True


_CREATED: Final = frozenset(
    {"SEQUENCE", "STREAM", "MODEL", "PIPE", "TRIGGER", "TABLE", "SOURCE", "SINK", "DICTIONARY", "FLOW", "PIPELINE", "LOAD",
     "JOB", "INDEX"}
)  # fmt: skip


def _after_as(tokens: list[Token], i: int) -> list[Token]:
    depth = 0
    for k in range(i, len(tokens) - 1):
        depth += (tokens[k].token_type is T.L_PAREN) - (tokens[k].token_type is T.R_PAREN)
        if depth == 0 and tokens[k].token_type is T.ALIAS:
            return tokens[k + 1 :]
    return []


def _pipeline(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``CREATE PIPELINE p AS LOAD DATA KAFKA 'host/topic' ... INTO TABLE t|PROCEDURE f`` of SingleStore."""
    words = [t.text.upper() if t.token_type not in _STRINGS else "" for t in tokens]
    at = next((k for k in range(i, len(tokens)) if tokens[k].token_type in _STRINGS), -1)
    into = next((k for k in range(i, len(tokens) - 2) if words[k] == "INTO"), -1)
    if at < 0 or into < at or "LOAD" not in words[i:at]:
        return
    if words[into + 1] == "PROCEDURE":
        parts, _ = read_name(tokens, into + 2)
        c.declarations.append(Declaration(name, "Procedure", tokens[0].line))
        c.calls.append(Call(name, c._full(parts), tokens[0].line))
        return
    text = tokens[at].text
    if words[at - 1] == "KAFKA":
        text = "kafka:" + text.rpartition("/")[2]
    elif "://" not in text:
        text = _SCHEMES.get(words[at - 1], "") + text
    file = [Token(T.VAR, "INFILE", tokens[at].line), Token(T.STRING, text, tokens[at].line)]
    load(c, [*tokens[:1], *file, *tokens[into:]], owner)


_SCHEMES: Final = {"S3": "s3://", "GCS": "gs://", "HDFS": "hdfs://"}


def _routine_load(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``CREATE ROUTINE LOAD db.job ON t COLUMNS (a, b = a + 1) ... FROM KAFKA ("kafka_topic" = "x")`` of StarRocks and Doris: the
    table is in the job's database."""
    if i + 1 >= len(tokens) or tokens[i].token_type is not T.ON:
        return
    parts, i = read_name(tokens, i + 1)
    topics = [k for k in range(i, len(tokens) - 2) if tokens[k].text.lower() == "kafka_topic"]
    if not parts or not topics:
        return
    target = c._name(parts)
    target = (*name[:-1], *target) if len(target) == 1 else c._qualified(target)
    source = procedural.external(c, f"kafka:{tokens[topics[0] + 2].text}", tokens[topics[0]].line)
    listed = (k for k in range(i, len(tokens) - 1) if tokens[k].text.upper() == "COLUMNS")
    at = next((k for k in listed if tokens[k + 1].token_type is T.L_PAREN), -1)
    if at < 0:
        _load_from(c, tokens, source, target, [], owner)
        return
    builder = c._builder()
    items = list_items(tokens, at + 2, closing(tokens, at + 1))
    table = builder._add(TableRef(source, tokens[0].line, tuple(c._part(tokens[a]) for a, b in items if b - a == 1)))
    scope = Scope(builder._add(Select((table,), ())), None, {})
    assignments: list[Assignment] = []
    for a, b in items:
        column, value = c._part(tokens[a]), tokens[a + 2 : b] or [tokens[a]]
        select = Token(T.SELECT, "SELECT", value[0].line, value[0].col, value[0].start, value[0].start)
        found = Collected()
        builder.collect(c._parse([select, *value], "SELECT").expressions[0], scope, IDENTITY, found)
        assignments.append(Assignment(column, tuple(found.refs.values()), tokens[a].line))
    c._add(tokens, "load", builder, owner, target=target, assignments=tuple(assignments), scope=scope.index)


def _join_index(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> bool:
    """``CREATE JOIN INDEX j AS SELECT ... PRIMARY INDEX (a)`` of Teradata: a view whose rows are kept."""
    query = _after_as(tokens, i)
    end, depth = len(query), 0
    for k, token in enumerate(query):
        depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
        if depth == 0 and token.text.upper().split(" ")[0] in ("PRIMARY", "UNIQUE", "INDEX", "PARTITION"):
            end = k
            break
    if end:
        define.define(c, tokens, query[:end], name, "MaterializedView", (), "create_view", owner)
    return True


def _stream(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> bool:
    """``CREATE STREAM s ON TABLE t`` of Snowflake: the changed rows of t."""
    at = next((k for k in range(i, len(tokens)) if tokens[k].token_type is T.ON), -1)
    if at < 0:
        return False
    at += 1
    while at < len(tokens) and tokens[at].text.upper() in ("TABLE", "VIEW", "EXTERNAL", "DYNAMIC", "STAGE"):
        at += 1
    source, _ = read_name(tokens, at)
    if source:
        procedural.copy_of(c, tokens, name, "View", c._full(source), "create_stream", owner)
    return True


def _trigger(c: FileCompiler, tokens: list[Token], name: Name) -> bool:
    """``CREATE TRIGGER ... EXECUTE FUNCTION f()`` of Postgres: it calls f."""
    _, function = c._trigger_parts(tokens)
    if not function:
        return False
    c.declarations.append(Declaration(name, "Trigger", tokens[0].line))
    c.calls.append(Call(name, function, tokens[0].line))
    return True


def partition_of(c: FileCompiler, tokens: list[Token], head: CreateHead, name: Name, owner: str) -> bool:
    """``CREATE TABLE p PARTITION OF t`` and ``CREATE TABLE p (columns) INHERITS (t)``: p has t's columns, and t shows p's
    rows. False if it is something else."""
    words = [t.text.upper() for t in tokens]
    at = next((k for k in range(len(words) - 1) if words[k : k + 2] in (["PARTITION", "OF"], ["INHERITS", "("])), -1)
    parts, _ = read_name(tokens, at + 2) if at > 0 else ([], 0)
    if not parts:
        return False
    parent = c._full(parts)
    define.like(c, tokens, name, "Table", parent, owner, False)
    if head.columns and words[at] == "INHERITS":
        own = tuple(c._declared(x) for x in head.columns)
        c.declarations.append(Declaration(name, "Table", tokens[0].line, own, adds=True))
    procedural.move(c, tokens, name, parent, "attach_partition", owner)
    return True


def stored_at(c: FileCompiler, tokens: list[Token], head: CreateHead, name: Name, owner: str) -> list[Name]:
    """An external table (or a temporary view of a file) reads its locations, which are returned."""
    if (
        "EXTERNAL" not in head.words
        and not (name[0].startswith("#") and "VIEW" in head.words)
        and not (c.dialect in ("oracle", "") and any(t.text.upper() == "ORGANIZATION" for t in tokens))
    ):
        return []
    found: list[Name] = []
    for k in range(len(tokens) - 1):
        if tokens[k].text.upper() == "LOCATION" and tokens[k].token_type not in _STRINGS:
            at = k + 2 if tokens[k + 1].token_type is T.EQ else k + 1
            if at < len(tokens) and tokens[at].token_type is T.L_PAREN:  # of Oracle: ('a.csv', d:'b.csv')
                files = [t for t in tokens[at : closing(tokens, at)] if t.token_type in _STRINGS]
                found.extend(procedural.external(c, t.text, t.line) for t in files)
                continue
            location = procedural.location_or_table(c, tokens, at)[0]
            if location and location[0] == "external":
                found.append(location)
    found.extend(procedural.external(c, uri, tokens[0].line) for uri in _uris(tokens, 0))
    for location in found:
        procedural.move(c, tokens, location, name, "create_external", owner)
    return found


def function_query(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``CREATE FUNCTION f() ... RETURN SELECT ...`` and ``AS SELECT``: the query is the function's result."""
    declared = next((d for d in reversed(c.declarations) if ".".join(d.name) == owner), None)
    if declared is None or declared.kind != "Function":
        return False
    depth = 0
    for k in range(2, len(tokens) - 1):
        depth += (tokens[k].token_type is T.L_PAREN) - (tokens[k].token_type is T.R_PAREN)
        if depth or tokens[k].text.upper() not in ("RETURN", "AS") or tokens[k + 1].token_type in _STRINGS:
            continue
        query = tokens[k + 1 :]
        if len(query) > 1 and query[0].text.upper() == "TABLE":  # a table macro of DuckDB
            query = query[1:]
        while len(query) > 2 and query[0].token_type is T.L_PAREN and closing(query, 0) == len(query) - 1:
            query = query[1:-1]
        if query and query[0].token_type in (T.SELECT, T.WITH):
            c.owner = owner
            define.define(
                c,
                tokens,
                query,
                declared.name,
                "Function",
                declared.columns,
                "create_function",
                owner,
                redeclare=declared,
            )
            return True
    return False


def _topic(c: FileCompiler, tokens: list[Token]) -> Name:
    """``topic = 't'`` and ``TOPIC 't'``: a location of its own kind."""
    for k in range(len(tokens) - 1):
        if tokens[k].text.upper() == "TOPIC" and tokens[k].token_type not in _STRINGS:
            at = k + 2 if tokens[k + 1].token_type is T.EQ else k + 1
            if at < len(tokens) and tokens[at].token_type in _STRINGS:
                return procedural.external(c, f"kafka:{tokens[at].text}", tokens[at].line)
    return ()


def _source(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``CREATE SOURCE s (columns) WITH (topic = 't')`` of Materialize and RisingWave."""
    columns: list[ColumnItem] = []
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        columns, _ = read_columns(tokens, i + 1, closing(tokens, i))
    c.declarations.append(Declaration(name, "Table", tokens[0].line, tuple(c._declared(x) for x in columns)))
    topic = _topic(c, tokens)
    if topic:
        procedural.move(c, tokens, topic, name, "create_source", owner)


def _sink(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``CREATE SINK s FROM v ...`` and ``CREATE SINK s [INTO t] AS SELECT ...``: into a topic, a table or elsewhere."""
    words = [t.text.upper() for t in tokens]
    target = _topic(c, tokens)
    if not target and "INTO" in words[:6] and words[words.index("INTO") + 1 :][:1] != ["KAFKA"]:
        parts, _ = read_name(tokens, words.index("INTO") + 1)
        target = c._full(parts) if parts else ()
    if not target:
        target = name
        c.declarations.append(Declaration(name, "External", tokens[0].line))
    if words[i : i + 1] == ["FROM"]:
        parts, _ = read_name(tokens, i + 1)
        if parts:
            procedural.move(c, tokens, c._full(parts), target, "create_sink", owner)
        return
    query = _after_as(tokens, i)
    if query:
        end = next(
            (
                k
                for k, t in enumerate(query)
                if t.token_type is T.WITH and query[k + 1 : k + 2] and query[k + 1].token_type is T.L_PAREN
            ),
            len(query),
        )
        builder = c._builder()
        root = builder.query(c._parse(query[:end], "SELECT"))
        c._add(tokens, "create_sink", builder, owner, root=root, target=target)


def _dictionary(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``CREATE DICTIONARY d (columns) SOURCE(CLICKHOUSE(TABLE 't' DB 'db'))``: its columns are the table's, by name."""
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return
    found, _ = read_columns(tokens, i + 1, closing(tokens, i))
    columns = tuple(c._declared(x) for x in found)
    c.declarations.append(Declaration(name, "Table", tokens[0].line, columns))
    given = {
        tokens[k].text.upper(): tokens[k + 1].text
        for k in range(i, len(tokens) - 1)
        if tokens[k].text.upper() in ("TABLE", "DB") and tokens[k + 1].token_type in _STRINGS
    }
    if "TABLE" not in given:
        return
    builder = c._builder()
    source = c._qualified((*((c.fold(given["DB"], True),) if "DB" in given else ()), c.fold(given["TABLE"], True)))
    table = builder._add(TableRef(source, tokens[0].line))
    assignments = tuple(Assignment(x.name, (Ref(table, -1, x.name, IDENTITY, x.line),), x.line) for x in columns)
    c._add(tokens, "create_dictionary", builder, owner, target=name, assignments=assignments)


def view_to(c: FileCompiler, tokens: list[Token], head: CreateHead, name: Name, owner: str) -> bool:
    """``CREATE MATERIALIZED VIEW v TO t AS SELECT``: what v selects goes into t, by name. False if it is something else."""
    at = next((k for k in range(2, min(head.query, len(tokens) - 1)) if tokens[k].text.upper() == "TO"), -1)
    if c.dialect != "clickhouse" or at < 0 or tokens[at].token_type is T.IDENTIFIER:
        return False
    parts, _ = read_name(tokens, at + 1)
    if not parts:
        return False
    c.declarations.append(Declaration(name, "MaterializedView", tokens[0].line))
    builder = c._builder()
    root = builder.query(c._parse(tokens[head.query :], "SELECT"))
    assignments = (Assignment(STAR, (Ref(root, -1, STAR, IDENTITY),)),)
    c._add(tokens, "create_view", builder, owner, target=c._full(parts), assignments=assignments, subqueries=[root])
    return True


def import_(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``IMPORT INTO t [(a, b)] FROM ... FILE 'f'`` of Exasol, or from another engine."""
    if len(tokens) < 4 or tokens[1].token_type is not T.INTO:
        return
    parts, i = read_name(tokens, 2)
    query = imported(tokens[i:])
    if query:
        listed = tokens[i].token_type is T.L_PAREN
        into = tokens[1 : closing(tokens, i) + 1 if listed else i]
        c._data(made(tokens[0], "INSERT", into, query), "INSERT", owner)
        return
    columns = _names(c, tokens, i) if i < len(tokens) and tokens[i].token_type is T.L_PAREN else []
    for location in _files(tokens):
        _load_from(c, tokens, procedural.external(c, location, tokens[0].line), c._full(parts), columns, owner)


def _files(tokens: list[Token]) -> list[str]:
    return [
        tokens[k + 1].text
        for k in range(len(tokens) - 1)
        if tokens[k].text.upper() == "FILE" and tokens[k + 1].token_type in _STRINGS
    ]
