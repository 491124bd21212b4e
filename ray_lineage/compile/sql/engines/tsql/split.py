"""T-SQL has no statement terminator: its statements are cut where a word begins one that cannot stand in the middle of the
current statement. Its statement words are reserved, which makes that decidable on tokens."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, outermost
from ray_lineage.compile.sql.split.flow import BLOCK, Flow, Slice, Slices
from ray_lineage.model import ANY, ANY_LOOP, CATCH, LOOP, THEN, TRY

_PROGRAM_KINDS: Final = frozenset({"PROC", "PROCEDURE", "FUNCTION", "TRIGGER"})
_WORDS: Final = frozenset({T.VAR, T.COMMAND})
_STARTS: Final = frozenset(
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
        "RENAME",
        "SEND",
        "MOVE",
        "GET",
        "COPY",
        "LINENO",
        "DUMP",
        "LOAD",
    ]
)
_STARTS_AND_MIDDLES: Final = _STARTS | {"CASE", "VALUES", "AS", ":"}
"""All that can change or end a statement: what ``_word`` looks at once a statement has begun."""

_AS_QUERY: Final = frozenset({"CREATE VIEW", "CREATE TABLE"})
"""Statements whose query may stand after AS."""

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
        T.IDENTIFIER, T.DOT, T.COMMA, T.EQ, T.NUMBER, T.STRING, T.NATIONAL_STRING, T.STAR, T.PLUS, T.DASH,
        T.AND, T.OR, T.NOT, T.NULL, T.ON, T.FROM, T.WHERE, T.JOIN, T.INNER, T.LEFT, T.IN, T.GT, T.LT, T.GTE, T.LTE,
        T.NEQ, T.IS, T.WHEN, T.GROUP_BY, T.ORDER_BY, T.INT, T.NVARCHAR, T.VARCHAR, T.BETWEEN, T.LIKE,
    }
)  # fmt: skip
_LEAVES: Final = frozenset({"BREAK", "CONTINUE"})
_ENDS: Final = frozenset({"RETURN", "THROW"})
_MARKS: Final = frozenset({T.PARAMETER, T.HASH})
_SECOND_WORDS: Final = {
    "ADD": ("SIGNATURE", "SENSITIVITY", "COUNTER"),
    "RECEIVE": ("TOP", "*", "CONVERSATION_HANDLE", "MESSAGE_BODY", "CAST", "CONVERT"),
    "SEND": ("ON",),
    "MOVE": ("CONVERSATION",),
    "GET": ("CONVERSATION",),
    "COPY": ("INTO",),
}
"""What follows words that begin a statement but are no reserved words."""


class BatchSplitter(Slices):
    """One pass over the tokens of a T-SQL file."""

    def __init__(self, tokens: list[Token], first_block: int = 0) -> None:
        super().__init__()
        self.tokens = tokens
        self.flow = Flow(self.slices, first_block)
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
            elif kind is T.VAR and self.start >= 0 and (depth or token.text.upper() not in _STARTS_AND_MIDDLES):
                pass  # most names are seen to be none of the words below without being asked for each
            elif kind is T.PARAMETER or kind is T.HASH:  # whatever the word behind it is, it is a name
                if self.start < 0:
                    self._begin(i, "?")
                if i + 1 < n and tokens[i + 1].token_type not in _MARKS:
                    i += 1
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
            elif self.start >= 0 and (
                self.verb not in _AS_QUERY if kind is T.ALIAS else token.text.upper() not in _STARTS_AND_MIDDLES
            ):
                pass
            else:
                i = self._word(i, token)
                continue
            i += 1
        self._flush(n)
        self.flow.clear()
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
        self.awaiting = verb in ("INSERT", "WITH") or (verb == "RETURN" and self._returns_query(i))
        self.set_seen = False
        self.case = 0

    def _returns_query(self, i: int) -> bool:
        """The query that is all of a function's body. In a block RETURN has a value, or none, and a statement follows."""
        return self.function and not self.flow.stack and self._next(i) in ("SELECT", "WITH")

    def _flush(self, end: int) -> None:
        if 0 <= self.start < end:
            if self.verb == "?" and len(self.slices) == self.batch and self.owner < 0:
                self.verb = "CALLED"
            self.put(self.start, end, self.verb, self.owner, self.flow.path)
            if self.verb == "IF" or self.verb == "WHILE":
                self.flow.push(THEN if self.verb == "IF" else LOOP)
            elif self.verb in _LEAVES:
                self.flow.leave()
            elif self.verb in _ENDS:
                self.flow.ends()
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
        if word == "AS" and self.verb in _AS_QUERY:
            self.awaiting = True
            return i + 1
        if word not in _STARTS or not self._starts(i, word):
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
        is_name = i > 1 and self.tokens[i - 2].token_type in _MARKS
        previous = "" if is_name else self.tokens[i - 1].text.upper()
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
                if not self._is_cte(i):
                    return False
                if previous == "FOR":
                    self.awaiting = verb in ("DECLARE", "SET")  # the cursor's query
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
            case "OPEN" | "CLOSE" | "SAVE" | "USE" | "BULK" | "BACKUP" | "RESTORE" | "KILL" | "CHECKPOINT":
                return previous not in (",", "(", "=", "WITH", "AS") and not (word == "CHECKPOINT" and verb == "ALTER")
            case "GRANT" | "REVOKE" | "DENY":
                return previous not in ("WITH", "REVOKE")
            case "BEGIN" | "DECLARE" | "RETURN":
                return True
            case "THROW":  # no reserved word
                return self._throws(i) and previous not in (",", "(", "=", "WITH", "AS")
            case "RENAME":
                return self._next(i) == "OBJECT"
            case "ADD" | "RECEIVE" | "SEND" | "MOVE" | "GET" | "COPY":
                return self._next(i) in _SECOND_WORDS[word] and self.tokens[i - 1].line < self.tokens[i].line
            case _:
                return previous not in (",", "=", "AS")

    def _throws(self, i: int) -> bool:
        """``THROW`` alone, or with a number."""
        tokens = self.tokens
        if i + 1 == len(tokens) or tokens[i + 1].line > tokens[i].line:
            return True
        return tokens[i + 1].token_type in (T.NUMBER, T.PARAMETER, T.SEMICOLON, T.END)

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
                self.flow.push({"TRY": TRY, "CATCH": CATCH}.get(following, BLOCK))
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
            body = _body(tokens, j)
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


def _body(tokens: list[Token], i: int) -> int:
    """Index of the AS (or, without one, of the first word) that begins the body of a procedure, function or trigger
    whose kind word stands at ``i``."""
    for j, token in outermost(tokens, i + 1):
        word = token.text.upper()
        if word == "AS":
            typed_parameter = tokens[j - 2].token_type is T.PARAMETER  # @p AS int
            if not typed_parameter and tokens[j - 1].text.upper() not in ("EXEC", "EXECUTE"):
                return j
        elif (
            word in ("BEGIN", "RETURN")
            or token.token_type is T.SEMICOLON
            or (word == "GO" and tokens[j - 1].line < token.line)
        ):
            return j
    return len(tokens)
