"""Tokens -> slices: where each statement begins and ends, and which procedure it belongs to.

T-SQL has no statement terminator, so its statements are cut where a word begins one that cannot stand in the middle of
the current statement (T-SQL's statement words are reserved, which makes that decidable on tokens). All other dialects
end statements with ``;``; inside procedural bodies the control words in front of a statement are skipped.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.kinds import T
from ray_lineage.model import ANY, ANY_LOOP, CATCH, ELSE, LOOP, ROLES, THEN, TRY


class Slice(NamedTuple):
    """Tokens ``start:end`` are one statement whose first word is ``verb``; ``owner`` is the index of the header slice
    of the procedure it is in, or -1. Headers have the verb ``HEADER`` and end before the body; what begins a batch of T-SQL
    without a statement word has ``CALLED``, for it is the name of a procedure. ``path`` names the
    branches around it (``StatementFacts.path``). ``fresh``: a block that is in no program, or a batch of T-SQL, ended in front
    of it."""

    start: int
    end: int
    verb: str
    owner: int = -1
    path: tuple[int, ...] = ()
    fresh: bool = False


_PROGRAM_KINDS: Final = frozenset({"PROC", "PROCEDURE", "FUNCTION", "TRIGGER"})
_WORDS: Final = frozenset({T.VAR, T.COMMAND})
_TSQL_STARTS: Final = frozenset(
    [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
        "WITH",
        "CREATE",
        "ALTER",
        "DROP",
        "TRUNCATE",
        "DECLARE",
        "SET",
        "EXEC",
        "EXECUTE",
        "IF",
        "ELSE",
        "WHILE",
        "BEGIN",
        "END",
        "RETURN",
        "PRINT",
        "RAISERROR",
        "THROW",
        "USE",
        "OPEN",
        "FETCH",
        "CLOSE",
        "DEALLOCATE",
        "COMMIT",
        "ROLLBACK",
        "SAVE",
        "GRANT",
        "REVOKE",
        "DENY",
        "BREAK",
        "CONTINUE",
        "GOTO",
        "WAITFOR",
        "BULK",
        "BACKUP",
        "RESTORE",
        "DBCC",
        "KILL",
        "CHECKPOINT",
        "RECONFIGURE",
        "REVERT",
        "ENABLE",
        "DISABLE",
        "SHUTDOWN",
        "UPDATE STATISTICS",
        "READTEXT",
        "WRITETEXT",
        "UPDATETEXT",
        "SETUSER",
        "ADD",
        "RECEIVE",
        "SEND",
        "MOVE",
        "GET",
        "COPY",
        "LINENO",
        "DUMP",
        "LOAD",
    ]
)
_TSQL_WORDS: Final = _TSQL_STARTS | {"CASE", "VALUES", "AS", ":"}
"""All that can change or end a statement: what ``_word`` looks at once a statement has begun."""
_SET_OPERATORS: Final = frozenset({"UNION", "ALL", "EXCEPT", "INTERSECT", "DISTINCT"})
_OBJECT_WORDS: Final = frozenset(
    [
        "TABLE",
        "VIEW",
        "INDEX",
        "PROC",
        "PROCEDURE",
        "FUNCTION",
        "SCHEMA",
        "DATABASE",
        "COLUMN",
        "CONSTRAINT",
        "TRIGGER",
        "SEQUENCE",
        "USER",
        "ROLE",
        "TYPE",
        "SYNONYM",
        "LOGIN",
        "STATISTICS",
        "ASSEMBLY",
        "AGGREGATE",
        "DEFAULT",
        "RULE",
        "POLICY",
        "EXISTS",
    ]
)
# token types that can never begin a T-SQL statement nor end or change one: the hot loop passes over them
_DULL: Final = frozenset(
    {
        T.IDENTIFIER, T.DOT, T.COMMA, T.EQ, T.NUMBER, T.STRING, T.NATIONAL_STRING, T.PARAMETER, T.STAR, T.PLUS, T.DASH,
        T.AND, T.OR, T.NOT, T.NULL, T.ON, T.FROM, T.WHERE, T.JOIN, T.INNER, T.LEFT, T.IN, T.GT, T.LT, T.GTE, T.LTE,
        T.NEQ, T.IS, T.WHEN, T.GROUP_BY, T.ORDER_BY, T.HASH, T.INT, T.NVARCHAR, T.VARCHAR, T.BETWEEN, T.LIKE,
    }
)  # fmt: skip


def split(tokens: list[Token], dialect: str, first_block: int = 0) -> list[Slice]:
    """Cut a file's tokens into statements. Blocks of control flow are numbered from ``first_block``."""
    if dialect in ("tsql", "fabric"):
        return _TsqlSplitter(tokens, first_block).run()
    return _Splitter(tokens).run()


class _Slices:
    """The statements found so far."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.fresh = False  # did a block in no program, or a batch, just end?

    def put(self, start: int, end: int, verb: str, owner: int, path: tuple[int, ...] = ()) -> None:
        """One more."""
        self.slices.append(Slice(start, end, verb, owner, path, self.fresh))
        self.fresh = False


_MAX_PATH: Final = 60
_BLOCK: Final = -1  # BEGIN ... END


class _Open:
    """A block that is not over. ``started``: its body has begun, which is one statement or a BEGIN block."""

    __slots__ = ("block", "role", "started")

    def __init__(self, role: int, block: int) -> None:
        self.role = role
        self.block = block
        self.started = role in (_BLOCK, TRY, CATCH)


class _Flow:
    """Which branches and loops of T-SQL is the statement at hand in? An IF is over when a statement other than ELSE
    follows its one statement or its BEGIN block."""

    def __init__(self, first_block: int) -> None:
        self.blocks = first_block
        self.stack: list[_Open] = []
        self.path: tuple[int, ...] = ()
        self.last_try = 0

    def _renew(self) -> None:
        steps = [b.block * ROLES + b.role for b in self.stack if b.role != _BLOCK]
        if len(steps) > _MAX_PATH:  # deeper, nothing is known but the outer blocks
            steps = [*steps[:_MAX_PATH], ANY_LOOP]
        self.path = tuple(steps)

    def clear(self) -> None:
        """A batch begins."""
        if self.stack:
            self.stack.clear()
            self.path = ()

    def statement(self) -> None:
        """A statement begins (IF, WHILE and BEGIN are statements, too)."""
        stack = self.stack
        if not stack:
            return
        before = len(stack)
        while stack and stack[-1].started and stack[-1].role in (THEN, ELSE, LOOP):
            stack.pop()
        if stack and not stack[-1].started:
            stack[-1].started = True
        if len(stack) != before:
            self._renew()

    def push(self, role: int) -> None:
        """The body of what was just begun follows."""
        if role == CATCH:
            block = self.last_try
        else:
            self.blocks += 1
            block = self.blocks
        self.stack.append(_Open(role, block))
        if role != _BLOCK:
            self._renew()

    def otherwise(self) -> None:
        """ELSE: of the innermost IF whose body is complete."""
        stack = self.stack
        at = len(stack) - 1
        while at >= 0 and stack[at].role in (ELSE, LOOP) and stack[at].started:
            at -= 1
        if at >= 0 and stack[at].role == THEN:
            branch = _Open(ELSE, stack[at].block)
            del stack[at:]
            stack.append(branch)
            self._renew()

    def end(self) -> None:
        """END of the innermost BEGIN."""
        stack = self.stack
        while stack and stack[-1].role in (THEN, ELSE, LOOP):
            stack.pop()
        if stack:
            block = stack.pop()
            if block.role == TRY:
                self.last_try = block.block
        self._renew()


_SECOND_WORDS: Final = {
    "ADD": ("SIGNATURE", "SENSITIVITY", "COUNTER"),
    "RECEIVE": ("TOP", "*", "CONVERSATION_HANDLE", "MESSAGE_BODY", "CAST", "CONVERT"),
    "SEND": ("ON",),
    "MOVE": ("CONVERSATION",),
    "GET": ("CONVERSATION",),
    "COPY": ("INTO",),
}
"""What follows words that begin a statement but are no reserved words."""


class _TsqlSplitter(_Slices):
    """One pass over the tokens of a T-SQL file."""

    def __init__(self, tokens: list[Token], first_block: int = 0) -> None:
        super().__init__()
        self.tokens = tokens
        self.flow = _Flow(first_block)
        self.jumps: dict[int, dict[str, list[int]]] = {}  # of owners: labels and GOTOs, by token index
        self.start = -1
        self.verb = ""
        self.awaiting = False  # the current statement may still take its query
        self.set_seen = False
        self.case = 0
        self.owner = -1
        self.function = False
        self.batch = 0  # where the batch at hand begins, among the slices

    def run(self) -> list[Slice]:
        tokens, n = self.tokens, len(self.tokens)
        i = depth = 0
        dull = _DULL
        while i < n:
            token = tokens[i]
            kind = token.token_type
            if kind in dull and self.start >= 0:
                pass
            elif kind is T.L_PAREN:
                if self.start < 0:
                    self._begin(i, "(")
                depth += 1
            elif kind is T.R_PAREN:
                depth = max(0, depth - 1)
            elif kind is T.SEMICOLON:
                depth = 0
                self._flush(i)
            elif kind is T.COMMAND and token.text.upper() == "GO" and self._alone(i):
                depth = 0
                self._flush(i)
                self.flow.clear()
                self.owner, self.function, self.batch = -1, False, len(self.slices)
                self.fresh = True
                if i + 1 < n and tokens[i + 1].line == token.line:
                    i += 1  # GO 5
            elif depth:
                pass
            elif kind in dull:
                self._begin(i, "?")
            elif self.start >= 0 and token.text.upper() not in _TSQL_WORDS:
                pass
            else:
                i = self._word(i, token)
                continue
            i += 1
        self._flush(n)
        return self._with_jumps() if self.jumps else self.slices

    def _with_jumps(self) -> list[Slice]:
        """Where there is a GOTO, what comes before what is not known; a jump backwards makes a loop."""
        roles: dict[int, int] = {}
        for owner, jumps in self.jumps.items():
            gotos = [(name, at) for name, places in jumps.items() for at in places if at >= 0]
            labels = {name: -at for name, places in jumps.items() for at in places if at < 0}
            if gotos:
                backwards = any(labels.get(name, at + 1) < at for name, at in gotos)
                roles[owner] = ANY_LOOP if backwards else ANY
        return [s._replace(path=(roles[s.owner],)) if s.owner in roles else s for s in self.slices]

    def _jump(self, name: str, place: int) -> None:
        self.jumps.setdefault(self.owner, {}).setdefault(name.upper(), []).append(place)

    def _alone(self, i: int) -> bool:
        tokens = self.tokens
        line = tokens[i].line
        if i and tokens[i - 1].line >= line:
            return False
        if i + 1 < len(tokens) and tokens[i + 1].line == line:
            return tokens[i + 1].token_type is T.NUMBER and (i + 2 >= len(tokens) or tokens[i + 2].line > line)
        return True

    def _begin(self, i: int, verb: str) -> None:
        self.flow.statement()
        self.start, self.verb = i, verb
        self.awaiting = verb in ("INSERT", "WITH") or (verb == "RETURN" and self.function)
        self.set_seen = False
        self.case = 0

    def _flush(self, end: int) -> None:
        if 0 <= self.start < end:
            if self.verb == "?" and len(self.slices) == self.batch and self.owner < 0:
                self.verb = "CALLED"
            self.put(self.start, end, self.verb, self.owner, self.flow.path)
            if self.verb == "IF" or self.verb == "WHILE":
                self.flow.push(THEN if self.verb == "IF" else LOOP)
        self.start = -1
        self.awaiting = False
        self.case = 0

    def _next(self, i: int) -> str:
        return self.tokens[i + 1].text.upper() if i + 1 < len(self.tokens) else ""

    def _word(self, i: int, token: Token) -> int:
        """Handle a token that may begin, change or end a statement; return the index to go on from."""
        word = token.text.upper()
        if token.token_type is T.CASE:
            self.case += 1
            if self.start < 0:
                self._begin(i, "?")
            return i + 1
        if token.token_type is T.COLON:
            return self._colon(i)
        if word == "VALUES":
            self.awaiting = False
            return i + 1
        if word == "AS" and self.verb in ("CREATE VIEW", "CREATE TABLE"):
            self.awaiting = True
            return i + 1
        if word not in _TSQL_STARTS or not self._starts(i, word):
            if self.start < 0:
                if self._next(i) == ":":
                    self._jump(word, -i - 1)
                    return i + 2  # a label
                self._begin(i, "?")
            return i + 1
        return self._start_statement(i, word)

    def _colon(self, i: int) -> int:
        """``:setvar`` and its like at the beginning of a line, and labels, both maybe after an open statement."""
        tokens, start = self.tokens, self.start
        if i == 0 or tokens[i - 1].line < tokens[i].line:
            self._flush(i)
            return self._skip_line(i)
        if 0 <= start < i and tokens[i - 1].token_type is T.VAR and tokens[i - 2].token_type is not T.DOT:
            self._flush(i - 1)
            self._jump(tokens[i - 1].text, -i)
        return i + 1

    def _skip_line(self, i: int) -> int:
        line = self.tokens[i].line
        while i < len(self.tokens) and self.tokens[i].line == line:
            i += 1
        return i

    def _starts(self, i: int, word: str) -> bool:
        """Does this word begin a new statement, seen where it stands?"""
        if self.start < 0:
            return True
        previous = self.tokens[i - 1].text.upper()
        verb = self.verb
        if self.tokens[i - 1].token_type is T.DOT:
            return False
        if verb in ("GRANT", "DENY", "REVOKE"):
            if previous == "TO" or not self.set_seen:
                self.set_seen = self.set_seen or any(
                    t.text.upper() == "TO" or (t.token_type is T.FROM and verb == "REVOKE")
                    for t in self.tokens[self.start : i - 1]
                )
            if not self.set_seen or previous == "WITH":
                return False
        match word:
            case "SELECT":
                if previous in _SET_OPERATORS or previous == "FOR":
                    return False
                return not self._take_query()
            case "INSERT" | "UPDATE" | "DELETE" | "MERGE":
                if previous in ("THEN", "FOR", "BULK", "AFTER", "OF") or self._next(i) == "JOIN":
                    return False
                if previous == "ON":  # of SET ... ON, unless it is a foreign key's
                    return self._next(i) not in ("CASCADE", "NO", "SET")
                if word == "UPDATE" and self._next(i) == "(" and verb in ("IF", "WHILE"):
                    return False
                if verb == "WITH" and self.awaiting:
                    self.verb, self.awaiting, self.set_seen = word, word == "INSERT", False
                    return False
                return True
            case "WITH":
                if not self._is_cte(i) or previous == "FOR":
                    return False
                return not (self.awaiting and verb in ("CREATE VIEW", "CREATE TABLE", "INSERT", "RETURN"))
            case "SET":
                if verb in ("UPDATE", "MERGE") and (not self.set_seen or previous == "UPDATE"):
                    self.set_seen = True
                    return False
                return previous not in ("DELETE", "UPDATE") and not (verb == "ALTER" and self._next(i) == "(")
            case "EXEC" | "EXECUTE":
                if previous in ("WITH", ","):
                    return False
                if verb == "INSERT" and self.awaiting:
                    self.awaiting = False
                    return False
                return True
            case "IF":
                return not (verb in ("CREATE", "ALTER", "DROP", "CREATE TABLE") and previous in _OBJECT_WORDS)
            case "ELSE" | "END":
                return self.case == 0 or self._close_case(word)
            case "FETCH":
                return previous not in ("ROWS", "ROW")
            case "CREATE" | "ALTER" | "DROP":
                if previous in (",", "ADD"):
                    return False
                return not (verb == "ALTER" and self._next(i) in ("COLUMN", "CONSTRAINT", "MEMBER", "PERIOD"))
            case "ENABLE" | "DISABLE":
                return self._next(i) == "TRIGGER" and verb != "ALTER"
            case "OPEN" | "CLOSE" | "SAVE" | "USE" | "BULK" | "BACKUP" | "RESTORE" | "KILL" | "CHECKPOINT" | "THROW":
                return previous not in (",", "(", "=", "WITH", "AS") and not (word == "CHECKPOINT" and verb == "ALTER")
            case "GRANT" | "REVOKE" | "DENY":
                return previous not in ("WITH", "REVOKE")
            case "BEGIN" | "DECLARE" | "RETURN":
                return True
            case "ADD" | "RECEIVE" | "SEND" | "MOVE" | "GET" | "COPY":
                return self._next(i) in _SECOND_WORDS[word] and self.tokens[i - 1].line < self.tokens[i].line
            case _:
                return previous not in (",", "=", "AS")

    def _close_case(self, word: str) -> bool:
        if word == "END":
            self.case -= 1
        return False

    def _take_query(self) -> bool:
        if self.awaiting:
            self.awaiting = False
            if self.verb == "WITH":
                self.verb = "SELECT"
            return True
        return False

    def _is_cte(self, i: int) -> bool:
        """``WITH name AS (`` or ``WITH name (columns) AS (`` or ``WITH XMLNAMESPACES (``."""
        tokens, n = self.tokens, len(self.tokens)
        j = i + 1
        if j >= n or tokens[j].token_type is T.L_PAREN:
            return False
        if tokens[j].text.upper() == "XMLNAMESPACES":
            return True
        j += 1
        if j < n and tokens[j].token_type is T.L_PAREN:
            j = closing(tokens, j) + 1
        return j + 1 < n and tokens[j].text.upper() == "AS" and tokens[j + 1].token_type is T.L_PAREN

    def _start_statement(self, i: int, word: str) -> int:
        self._flush(i)
        match word:
            case "BEGIN":
                following = self._next(i)
                if following in ("TRAN", "TRANSACTION", "DISTRIBUTED", "DIALOG", "CONVERSATION"):
                    self._begin(i, "BEGIN TRANSACTION")
                    return i + 2
                self.flow.statement()
                self.flow.push({"TRY": TRY, "CATCH": CATCH}.get(following, _BLOCK))
                if following == "ATOMIC":
                    j = i + 2
                    if j + 1 < len(self.tokens) and self.tokens[j].text.upper() == "WITH":
                        j = closing(self.tokens, j + 1) + 1
                    return j
                return i + (2 if following in ("TRY", "CATCH") else 1)
            case "END":
                if self._next(i) == "CONVERSATION":
                    self._begin(i, "END CONVERSATION")
                    return i + 2
                self.flow.end()
                return i + (2 if self._next(i) in ("TRY", "CATCH") else 1)
            case "ELSE":
                self.flow.otherwise()
                return i + 1
            case "GOTO":
                self._begin(i, word)
                self._jump(self._next(i), i)
                self._flush(i + 2)
                return i + 2
            case "CREATE" | "ALTER":
                return self._create(i, word)
            case _:
                self._begin(i, "EXEC" if word == "EXECUTE" else word)
                return i + 1

    def _create(self, i: int, word: str) -> int:
        j = i + 1
        tokens, n = self.tokens, len(self.tokens)
        if j < n and tokens[j].text.upper() == "OR":
            j += 2
        kind = tokens[j].text.upper() if j < n else ""
        if kind in _PROGRAM_KINDS:
            body = _tsql_body(tokens, j)
            self.put(i, body, "HEADER", -1)
            self.flow.clear()
            self.owner = len(self.slices) - 1
            self.function = kind == "FUNCTION"
            at_as = body < n and tokens[body].text.upper() == "AS"
            return body + 1 if at_as else body
        if kind == "VIEW" or (kind == "MATERIALIZED" and self._next(j) == "VIEW"):
            self._begin(i, "CREATE VIEW")
        elif word == "CREATE" and (kind == "TABLE" or (kind == "EXTERNAL" and self._next(j) == "TABLE")):
            self._begin(i, "CREATE TABLE")
        else:
            self._begin(i, word)
        return j + 1


def _tsql_body(tokens: list[Token], i: int) -> int:
    """Index of the AS (or, without one, of the first word) that begins the body of a procedure, function or trigger
    whose kind word stands at ``i``."""
    depth = 0
    n = len(tokens)
    for j in range(i + 1, n):
        kind = tokens[j].token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
        elif depth == 0:
            word = tokens[j].text.upper()
            if word == "AS":
                typed_parameter = tokens[j - 2].token_type is T.PARAMETER  # @p AS int
                if not typed_parameter and tokens[j - 1].text.upper() not in ("EXEC", "EXECUTE"):
                    return j
            elif (
                word in ("BEGIN", "RETURN")
                or kind is T.SEMICOLON
                or (word == "GO" and tokens[j - 1].line < tokens[j].line)
            ):
                return j
    return n


def closing(tokens: list[Token], i: int) -> int:
    """Index of the parenthesis that closes the one at ``i`` (the last token where it is never closed)."""
    depth = 0
    for j in range(i, len(tokens)):
        kind = tokens[j].token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
            if depth == 0:
                return j
    return len(tokens) - 1


_DELIMITER: Final = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE | re.MULTILINE)


def without_delimiters(text: str) -> str:
    """MySQL's client directive: every other delimiter becomes ``;``, in a text of the same length."""
    out: list[str] = []
    at, mark = 0, ";"
    for found in [*_DELIMITER.finditer(text), None]:
        piece = text[at : found.start() if found else len(text)]
        if mark != ";":
            # the inner ; end statements as well: they are where a body's statements end
            piece = piece.replace(mark, ";" + " " * (len(mark) - 1))
        out.append(piece)
        if found:
            out.append(" " * (found.end() - found.start()))
            at, mark = found.end(), found.group(1)
    return "".join(out)


_SKIPPED_ALONE: Final = frozenset(
    {"BEGIN", "ELSE", "LOOP", "THEN", "DO", "REPEAT", "EXCEPTION", "DECLARE", "ATOMIC", "<<"}
)
_SKIPPED_ANYWHERE: Final = frozenset({"DECLARE", "LOOP", "REPEAT", "ELSE"})
"""BigQuery's scripts have them in no block."""
_SKIPPED_TO: Final = {
    "IF": ("THEN",),
    "ELSIF": ("THEN",),
    "ELSEIF": ("THEN",),
    "WHEN": ("THEN",),
    "WHILE": ("LOOP", "DO"),
    "FOR": ("LOOP", "DO"),
    "FOREACH": ("LOOP",),
    "CASE": ("THEN",),
    "FORALL": ("INSERT", "UPDATE", "DELETE", "MERGE", "EXECUTE"),
}
_CONTROL: Final = frozenset({"IF", "WHILE", "LOOP", "REPEAT", "CASE", "FOR"})
_BODY_KINDS: Final = frozenset({"PROCEDURE", "FUNCTION", "TRIGGER", "PACKAGE", "EVENT", "TASK", "MACRO", "ALERT"})
_ONE_STATEMENT: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "CALL", "SET", "WITH", "RETURN", "COPY", "IF",
     "EXECUTE", "TRUNCATE"}
)  # fmt: skip
"""Words that begin the body of a trigger, event or task that is a single statement."""
_LABELLED: Final = frozenset({"LOOP", "WHILE", "REPEAT", "BEGIN", "FOR"})
_HANDLERS: Final = frozenset({"CONTINUE", "EXIT", "UNDO"})


class _Splitter(_Slices):
    """Statements end with ``;``. In a body, words of control flow in front of a statement are passed over."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__()
        self.tokens = tokens
        self.kinds = [token.token_type for token in tokens]
        self.owner = -1
        self.blocks = 0
        self.outer: list[int] = []  # owners around the member or local procedure at hand
        self.alone = False  # the body at hand is one statement
        self.straight = True  # no control flow so far

    def run(self) -> list[Slice]:
        i, n = 0, len(self.tokens)
        while i < n:
            i = max(i + 1, self._statement(i))  # whatever it is, it is passed over
        return self.slices

    def _statement(self, i: int) -> int:
        tokens = self.tokens
        if tokens[i].token_type in (T.SEMICOLON, T.SLASH):
            return i + 1
        word = tokens[i].text.upper() if tokens[i].token_type is not T.IDENTIFIER else ""
        if word in ("<<", "<") or (i + 2 < len(tokens) and tokens[i + 1].token_type is T.COLON):
            after = self._after_label(i, word)
            if after > i:
                return after
        if word in _HANDLERS and i + 3 < len(tokens) and tokens[i + 1].text.upper() == "HANDLER":
            return self._after_conditions(i + 3)
        if word == "BEGIN" and self._ends_at(i + 1, ("TRANSACTION", "WORK", "TRAN")):
            return self._end(i)
        if word == "BEGIN":
            self.blocks += 1
            return i + 1
        if word == "END":
            return self._close(i)
        if word in _SKIPPED_ALONE and (self.owner >= 0 or self.blocks or word in _SKIPPED_ANYWHERE):
            return i + 1
        if (
            word == "RETURN"
            and (self.owner >= 0 or self.blocks)
            and i + 2 < len(tokens)
            and tokens[i + 1].text.upper() == "QUERY"
        ):
            return i + 2
        if word in ("PROCEDURE", "FUNCTION") and self.owner >= 0 and not self.blocks:
            return self._member(i)
        if word in ("BEFORE", "AFTER", "INSTEAD") and self.owner >= 0:  # a section of a compound trigger
            return self._skip_to(i, ("IS", "AS"))
        if word in _SKIPPED_TO:
            after = self._skip_to(i, _SKIPPED_TO[word])
            self.straight = False
            if word == "FORALL":
                return after - 1
            if word == "FOR" and after - 1 > i:
                self.put(i, after - 1, "FOR", self.owner, (ANY,))
            return after
        if word == "REPLACE" and i + 1 < len(tokens) and tokens[i + 1].text.upper() in ("PROCEDURE", "MACRO"):
            word = "CREATE"
        if tokens[i].token_type is T.R_PAREN:  # the end of a macro's statements
            self.owner = -1
            return i + 1
        if word == "CREATE":
            body = self._body(i)
            if body:
                self.put(i, body, "HEADER", -1)
                self.owner = len(self.slices) - 1
                self.blocks = 0
                self.outer.clear()
                if tokens[body - 1].text.upper() == "TRIGGER":  # COMPOUND TRIGGER
                    self.blocks = 1
                    return body
                at_as = tokens[body].text.upper() in ("AS", "IS", "DO")
                self.alone = self._is_expression(body + 1) if at_as else self._is_statement(body)
                return body + (1 if at_as else 0)
        if word == "WITH" and i + 1 < len(tokens) and tokens[i + 1].text.upper() in ("FUNCTION", "PROCEDURE"):
            return self._after_functions(i + 1)
        end = self._end(i)
        if word in _CONTROL:
            self.straight = False
        path = () if self.straight and self.owner < 0 and not self.blocks else (ANY,)
        self.put(i, end, word or "?", self.owner, path)
        if self.alone and not self.blocks:
            self.alone, self.owner = False, -1
        return end

    def _is_statement(self, i: int) -> bool:
        """Is the body that begins at ``i`` a single statement?"""
        tokens = self.tokens
        return tokens[i].text.upper() in _ONE_STATEMENT and tokens[i - 1].token_type is not T.L_PAREN

    def _is_expression(self, i: int) -> bool:
        """Is what follows AS no block: ``(expression)``, ``x -> expression``, ``LANGUAGE JAVA NAME '...'``?"""
        words = [t.text.upper() for t in self.tokens[i : i + 2]]
        return words[:1] in (["("], ["LANGUAGE"], ["EXTERNAL"]) or words[1:] == ["->"]

    def _after_label(self, i: int, word: str) -> int:
        """``<<label>>`` and ``label:`` in front of a loop or block."""
        tokens = self.tokens
        if word in ("<<", "<"):
            end = min(len(tokens), i + 6)
            return next(
                (
                    j + 1
                    for j in range(i + 1, end)
                    if tokens[j].text == ">>" or tokens[j - 1].text == tokens[j].text == ">"
                ),
                i,
            )
        return i + 2 if tokens[i + 2].text.upper() in _LABELLED and tokens[i].token_type is not T.STRING else i

    def _after_conditions(self, i: int) -> int:
        """The conditions of MySQL's ``DECLARE ... HANDLER FOR a, b`` in front of its statement."""
        tokens, n = self.tokens, len(self.tokens)
        while i < n:
            word = tokens[i].text.upper()
            i += 2 if word in ("NOT", "SQLSTATE") else 1
            if word == "SQLSTATE" and i <= n and tokens[i - 1].text.upper() == "VALUE":
                i += 1
            if i >= n or tokens[i].token_type is not T.COMMA:
                return i
            i += 1
        return n

    def _after_functions(self, i: int) -> int:
        """``WITH FUNCTION f ... END; SELECT`` of Oracle, ``WITH FUNCTION f ... RETURN x SELECT`` of Trino: the query after
        the functions, which are not read."""
        tokens, n = self.tokens, len(self.tokens)
        depth = 0
        for k in range(i, self._end(i)):
            depth += (tokens[k].token_type is T.L_PAREN) - (tokens[k].token_type is T.R_PAREN)
            if depth == 0 and tokens[k].text.upper() in ("IS", "AS", "BEGIN"):
                break
            if depth == 0 and tokens[k].token_type is T.SELECT:
                return k
        while i < n:
            if tokens[i].token_type is T.SEMICOLON and i + 1 < n and tokens[i + 1].token_type is T.SELECT:
                return i + 1
            i += 1
        return n

    def _member(self, i: int) -> int:
        """A procedure or function of a package: its declaration alone, or its body."""
        tokens = self.tokens
        depth = 0
        for j in range(i + 1, len(tokens)):
            kind = tokens[j].token_type
            depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
            if kind is T.SEMICOLON:
                return j
            if depth == 0 and tokens[j].text.upper() in ("AS", "IS"):
                self.put(i, j, "HEADER", self.owner)
                self.outer.append(self.owner)
                self.owner = len(self.slices) - 1
                self.blocks = 0
                return j + 1
        return len(tokens)

    def _ends_at(self, i: int, words: tuple[str, ...]) -> bool:
        return i >= len(self.tokens) or self.tokens[i].token_type is T.SEMICOLON or self.tokens[i].text.upper() in words

    def _end(self, i: int) -> int:
        """Index of the ``;`` that ends the statement at ``i``, or of the end."""
        try:
            return self.kinds.index(T.SEMICOLON, i)
        except ValueError:
            return len(self.kinds)

    def _close(self, i: int) -> int:
        following = self.tokens[i + 1].text.upper() if i + 1 < len(self.tokens) else ""
        if following not in ("IF", "LOOP", "CASE", "WHILE", "FOR", "REPEAT"):
            self.blocks = max(0, self.blocks - 1)
            if self.blocks == 0:
                if self.owner < 0:
                    self.fresh = True
                self.owner = self.outer.pop() if self.outer else -1
        return self._end(i)

    def _skip_to(self, i: int, words: tuple[str, ...]) -> int:
        depth = case = 0
        for j in range(i + 1, len(self.tokens)):
            kind = self.tokens[j].token_type
            if kind is T.L_PAREN:
                depth += 1
            elif kind is T.R_PAREN:
                depth -= 1
            elif kind is T.SEMICOLON:
                return j
            elif depth == 0:
                if kind is T.CASE:
                    case += 1
                elif case and kind is T.END:
                    case -= 1
                elif case == 0 and self.tokens[j].text.upper() in words:
                    return j + 1
        return len(self.tokens)

    def _body(self, i: int) -> int:
        """For CREATE PROCEDURE and its like with a body in plain tokens: index of its AS, IS, BEGIN or DECLARE; else 0
        (bodies in dollar quotes are one string token and are read from the statement itself)."""
        tokens = self.tokens
        kinds = [t.text.upper() for t in tokens[i + 1 : i + 11]]
        if not any(k in _BODY_KINDS for k in kinds[: 10 if "DEFINER" in kinds else 6]) or any(
            k in ("VIEW", "TABLE", "AS") for k in kinds[:2]
        ):
            return 0
        depth = 0
        for j in range(i + 1, len(tokens)):
            kind = tokens[j].token_type
            if kind is T.L_PAREN:
                depth += 1
            elif kind is T.R_PAREN:
                depth -= 1
            elif kind is T.SEMICOLON:
                return 0
            elif depth == 0:
                word = tokens[j].text.upper()
                if (
                    word == "RETURN"
                    and "FUNCTION" in kinds
                    and tokens[j + 1 : j + 2]
                    and (tokens[j + 1].token_type in (T.SELECT, T.WITH, T.L_PAREN))
                ):
                    return 0  # RETURN query is all of the body
                if word in ("BEGIN", "DECLARE") or tokens[j - 1].text.upper() == "COMPOUND":
                    return j + 1 if word == "TRIGGER" else j
                if word in _ONE_STATEMENT and self._is_body(i, j, kinds):
                    return j
                if word == "THEN" and "ALERT" in kinds:
                    return j + 1
                if word == "DO" and "EVENT" in kinds and j + 1 < len(tokens):
                    return j if tokens[j + 1].text.upper() == "BEGIN" else j + 1
                if word == "AS" and "MACRO" in kinds and j + 2 < len(tokens):
                    inner = tokens[j + 2].text.upper() if tokens[j + 1].token_type is T.L_PAREN else ""
                    return j + 2 if inner in _ONE_STATEMENT or inner in ("INS", "UPD", "DEL", "SEL") else 0
                if word in ("AS", "IS") and j + 1 < len(tokens) and "TRIGGER" not in kinds and not self._as_caller(j):
                    following = tokens[j + 1]
                    if following.token_type in (T.STRING, T.HEREDOC_STRING, T.NATIONAL_STRING, T.RAW_STRING):
                        return 0
                    if following.text.upper() == "TABLE" and "FUNCTION" in kinds:
                        return 0
                    if following.text.upper() in _ONE_STATEMENT and following.text.upper() != "IF":
                        return j + 1 if "TASK" in kinds else 0
                    return j
        return 0

    def _as_caller(self, j: int) -> bool:
        return bool(self.tokens[j - 1].text.upper() == "EXECUTE")

    def _is_body(self, i: int, j: int, kinds: list[str]) -> bool:
        """Does the statement word at ``j`` begin the body of the trigger or MySQL routine created at ``i``?"""
        before = [t.text.upper() for t in self.tokens[max(i, j - 3) : j]]
        if "TRIGGER" in kinds:
            return before == ["FOR", "EACH", "ROW"] or (len(before) > 1 and before[-2] in ("FOLLOWS", "PRECEDES"))
        if "PROCEDURE" not in kinds or self.tokens[j].text.upper() in ("SET", "EXECUTE", "COPY", "RETURN", "WITH"):
            return False
        if before[-2:-1] == ["COMMENT"] and self.tokens[j - 1].token_type is T.STRING:
            return True
        return before[-1:] == [")"] or before[-1:] in (["DATA"], ["DETERMINISTIC"], ["SQL"], ["INVOKER"], ["DEFINER"])
