"""All dialects but T-SQL end statements with ``;``; in the bodies of routines the words of control flow stand in front of a
statement."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import outermost
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.split.flow import Slice, Slices
from ray_lineage.compile.sql.split.nesting import BLOCK, CASE, EXIT_HANDLER, HANDLER, IF, REPEATED, SELECTION, Nesting
from ray_lineage.model import ANY_LOOP

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
_OPENS: Final = {"IF": IF, "CASE": CASE, **dict.fromkeys(("LOOP", "WHILE", "FOR", "FOREACH", "REPEAT"), REPEATED)}
"""What these words begin, and END with them ends."""

_SELECTION: Final = frozenset({"$IF", "$ELSIF", "$ELSE", "$END"})
_LEAVES: Final = frozenset({"EXIT", "LEAVE", "BREAK", "CONTINUE", "ITERATE"})
_WARNS: Final = frozenset({"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"})
"""What RAISE of PL/pgSQL does without ending anything."""

_BODY_KINDS: Final = frozenset({"PROCEDURE", "FUNCTION", "TRIGGER", "PACKAGE", "EVENT", "TASK", "MACRO", "ALERT"})
_ONE_STATEMENT: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "CALL", "SET", "WITH", "RETURN", "COPY", "IF",
     "EXECUTE", "TRUNCATE"}
)  # fmt: skip
"""Words that begin the body of a trigger, event or task that is a single statement."""

_LABELLED: Final = frozenset({"LOOP", "WHILE", "REPEAT", "BEGIN", "FOR"})
_MEMBERS: Final = frozenset({"PROCEDURE", "FUNCTION"})
_METHODS: Final = frozenset({"MEMBER", "STATIC", "CONSTRUCTOR", "MAP", "ORDER", "OVERRIDING", "FINAL"})
"""In front of a member of a type."""

_HANDLERS: Final = frozenset({"CONTINUE", "EXIT", "UNDO"})


def split(tokens: list[Token], engine: Engine, first_block: int = 0) -> list[Slice]:
    """Cut a file's tokens into statements. Blocks of control flow are numbered from ``first_block``."""
    if engine.splitter is not None:
        slices: list[Slice] = engine.splitter(tokens, first_block).run()
        return slices
    return Splitter(tokens, first_block).run()


class Splitter(Slices):
    """Statements end with ``;``. In a body, words of control flow in front of a statement say in which branch it is."""

    def __init__(self, tokens: list[Token], first_block: int = 0) -> None:
        super().__init__()
        self.nesting = Nesting(self.slices, first_block)
        self.tokens = tokens
        self.kinds = [token.token_type for token in tokens]
        self.owner = -1
        self.blocks = 0
        self.outer: list[int] = []  # owners around the member or local procedure at hand
        self.alone = False  # the body at hand is one statement
        self.jumping: set[tuple[int, int]] = set()  # owners with a GOTO, and after how many blocks of the script

    def run(self) -> list[Slice]:
        i, n = 0, len(self.tokens)
        while i < n:
            i = max(i + 1, self._statement(i))  # whatever it is, it is passed over
        return self._with_jumps() if self.jumping else self.slices

    def _with_jumps(self) -> list[Slice]:
        """Where there is a GOTO, nobody knows what comes before what."""
        places = zip(self.slices, accumulate(s.fresh for s in self.slices), strict=True)
        return [s._replace(path=(ANY_LOOP,)) if (s.owner, at) in self.jumping else s for s, at in places]

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
            self.nesting.open(EXIT_HANDLER if word == "EXIT" else HANDLER)
            return self._after_conditions(i + 3)
        if word == "BEGIN" and self._ends_at(i + 1, ("TRANSACTION", "WORK", "TRAN")):
            return self._end(i)
        if word == "BEGIN":
            self.blocks += 1
            self.nesting.open(BLOCK)
            return i + 1
        if word == "END":
            return self._close(i)
        if word in _SELECTION:
            return self._selected(i, word)
        if word in _SKIPPED_ALONE and (self.owner >= 0 or self.blocks or word in _SKIPPED_ANYWHERE):
            self._enter(word)
            return i + 1
        if (
            word == "RETURN"
            and (self.owner >= 0 or self.blocks)
            and i + 2 < len(tokens)
            and tokens[i + 1].text.upper() == "QUERY"
        ):
            return i + 2
        if word in _METHODS and self.owner >= 0 and not self.blocks:
            i = next((k for k in range(i, min(i + 5, len(tokens))) if tokens[k].text.upper() in _MEMBERS), i)
            word = tokens[i].text.upper()
        if word in _MEMBERS and self.owner >= 0 and not self.blocks:
            return self._member(i)
        if word in ("BEFORE", "AFTER", "INSTEAD") and self.owner >= 0:  # a section of a compound trigger
            return self._skip_to(i, ("IS", "AS"))
        if word in _SKIPPED_TO:
            return self._control(i, word)
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
                self.nesting.clear()
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
        self.put(i, end, word or "?", self.owner, self.nesting.path, bool(self.blocks))
        self._went(i, word)
        return end

    def _selected(self, i: int, word: str) -> int:
        """``$IF constant $THEN ... $ELSE ... $END`` of PL/SQL: what is compiled is known where it is compiled."""
        if word in ("$IF", "$ELSIF"):
            i = self._skip_to(i, ("$THEN",)) - 1
        if word == "$IF":
            self.nesting.open(SELECTION)
        elif word == "$ELSIF":
            self.nesting.branch()
        elif word == "$ELSE":
            self.nesting.otherwise()
        else:
            self.nesting.close(SELECTION)
        return i + 1

    def _enter(self, word: str) -> None:
        """A word of control flow that stands alone."""
        if word == "ELSE":
            self.nesting.otherwise()
        elif word == "EXCEPTION":
            self.nesting.handlers()
        elif word in _OPENS:
            self.nesting.open(_OPENS[word])

    def _control(self, i: int, word: str) -> int:
        """IF and its like with all up to the statement in it. FOR gives a row in each turn."""
        words = _SKIPPED_TO[word]
        after = self._skip_to(i, words)
        if word == "FORALL":
            return after - 1
        if self.tokens[after - 1].text.upper() in words:
            if word in _OPENS:
                self.nesting.open(_OPENS[word])
            else:
                self.nesting.branch()
        if word == "FOR" and after - 1 > i:
            self.put(i, after - 1, "FOR", self.owner, self.nesting.path, bool(self.blocks))
        return after

    def _went(self, i: int, word: str) -> None:
        """A statement ended: where does it go on?"""
        following = self.tokens[i + 1].text.upper() if i + 1 < len(self.tokens) else ";"
        if word in _LEAVES:
            self.nesting.leave(far=following not in (";", "WHEN"))
        elif word == "RETURN" and following != "NEXT":
            self.nesting.end(returns=True)
        elif word == "RAISE_APPLICATION_ERROR" or (word == "RAISE" and following not in _WARNS):
            self.nesting.end(returns=False)
        elif word == "UNTIL":
            self.nesting.close(REPEATED)
        elif word == "GOTO":
            self.jumping.add((self.owner, sum(s.fresh for s in self.slices)))
        self.nesting.done()
        self._end_alone()

    def _end_alone(self) -> None:
        if self.alone and not self.blocks and not self.nesting.stack:
            self.alone, self.owner = False, -1

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
        for k, token in outermost(tokens, i, self._end(i)):
            if token.text.upper() in ("IS", "AS", "BEGIN"):
                break
            if token.token_type is T.SELECT:
                return k
        while i < n:
            if tokens[i].token_type is T.SEMICOLON and i + 1 < n:
                if tokens[i + 1].token_type is T.SELECT:
                    return i + 1
                if i + 3 < n and tokens[i + 2].text.upper() == "AS" and tokens[i + 3].token_type is T.L_PAREN:
                    tokens[i] = like(tokens[i], T.WITH, "WITH")  # the queries that WITH also gives names to
                    self.kinds[i] = T.WITH
                    return i
            i += 1
        return n

    def _member(self, i: int) -> int:
        """A procedure or function of a package: its declaration alone, or its body."""
        end = self._end(i)
        for j, token in outermost(self.tokens, i + 1, end):
            if token.text.upper() in ("AS", "IS"):
                self.put(i, j, "HEADER", self.owner)
                self.outer.append(self.owner)
                self.owner = len(self.slices) - 1
                self.blocks = 0
                self.nesting.clear()
                return j + 1
        return end

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
        if following in _OPENS:
            self.nesting.close(_OPENS[following])
            self._end_alone()
        elif self.nesting.inside(CASE):  # Snowflake's may end so
            self.nesting.close(CASE)
        else:
            self._close_block()
        return self._end(i)

    def _close_block(self) -> None:
        self.nesting.close(BLOCK)
        self.blocks = max(0, self.blocks - 1)
        if self.blocks:
            return
        if self.owner < 0:
            self.fresh = True
        else:
            self.nesting.clear()
        self.owner = self.outer.pop() if self.outer else -1

    def _skip_to(self, i: int, words: tuple[str, ...]) -> int:
        case, end = 0, self._end(i + 1)
        for j, token in outermost(self.tokens, i + 1, end):
            if token.token_type is T.CASE:
                case += 1
            elif case and token.token_type is T.END:
                case -= 1
            elif case == 0 and token.text.upper() in words:
                return j + 1
        return end

    def _body(self, i: int) -> int:
        """For CREATE PROCEDURE and its like with a body in plain tokens: index of its AS, IS, BEGIN or DECLARE; else 0
        (bodies in dollar quotes are one string token and are read from the statement itself)."""
        tokens = self.tokens
        kinds = [t.text.upper() for t in tokens[i + 1 : i + 11]]
        routine = any(k in _BODY_KINDS for k in kinds[: 10 if "DEFINER" in kinds else 6])
        if not (routine or "BODY" in kinds[:5]) or any(k in ("VIEW", "TABLE", "AS") for k in kinds[:2]):
            return 0
        for j, token in outermost(tokens, i + 1, self._end(i + 1)):
            word = token.text.upper()
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
