"""Statements that nobody reads because nobody knows their first word: a slip of the pen, or prose. Silence would look like success."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import levels
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.statements.dynamic import unresolved
from ray_lineage.compile.sql.unit import Unit

_MEANT: Final = (
    "CREATE", "ALTER", "DROP", "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "REPLACE", "TRUNCATE", "DECLARE", "EXECUTE",
)  # fmt: skip
_MADE: Final = ("VIEW", "TABLE", "PROCEDURE", "FUNCTION", "TRIGGER", "MATERIALIZED")
_LIKE: Final = 0.75  # of two words; lower than that of WIHT and WITH they are different ones
_WORDS: Final = """
ABORT ACCEPT ACTIVATE ADD ADMIN ADVISE ALLOW ANALYSE ANALYZE ASSERT ASSOCIATE ATTACH AUDIT AUTO BACKUP BEGIN BINLOG
BREAK BROWSE BT BULK CANCEL CHANGE CHECK CHECKPOINT CHECKSUM CLEAR CLONE CLOSE CLUSTER COLLECT COMMENT COMMIT COMPACT
CONNECT CONTINUE CONVERT COPY COPY_INTO DBCC DEALLOCATE DEBUG DELIMITER DENY DESC DESCRIBE DETACH DFS DIAGNOSTIC
DISABLE DISASSOCIATE DISCARD DISCONNECT DUMP ECHO ENABLE END ET EXCEPTION EXCHANGE EXISTS EXIT EXPLAIN EXPORT EXTERNAL
FETCH FINISH FLASHBACK FLUSH FORCE FORCE_CHECKPOINT FREEZE GENERATE GET GOTO GRANT HANDLER HELP IMPERSONATE IMPORT
INSTALL ITERATE KILL LANGUAGE LEAVE LET LIST LISTEN LOAD LOCK LOCKING LS MODIFY MOVE MSCK NOAUDIT NOTIFY OPEN OPTIMIZE
PAUSE PERFORM PIPE PRAGMA PREPARE PRINT PROMPT PURGE PUT QUIT RAISE RAISERROR READTEXT REASSIGN RECONFIGURE RECOVER
REFRESH REINDEX RELEASE RELOAD REMOVE RENAME REORG REPAIR REPLICATE RESET RESIGNAL RESTORE RESUME RETURN REVERT REVOKE
RM ROLLBACK SAVE SAVEPOINT SECURITY SEND SETUSER SHOW SHUTDOWN SIGNAL SPOOL START STOP SUBSCRIBE SUBTYPE SUMMARIZE
SUSPEND SYNC SYSTEM TABLE TERMINATE THROW TYPE UNCACHE UNDROP UNINSTALL UNLISTEN UNLOAD UNLOCK UNSET UNTIL UPDATETEXT
UPGRADE VACUUM VALIDATE VALUES VAR VARIABLE WAITFOR WATCH WRITETEXT XA
"""
_KNOWN: Final = frozenset(_WORDS.split())
"""Words that begin statements of some engine, or of its client, which say nothing of columns."""
_CLAUSES: Final = frozenset({T.FROM, T.INTO, T.VIEW, T.VALUES, T.SELECT, T.SET, T.WHERE, T.JOIN, T.TABLE})
_NO_SENTENCE: Final = frozenset(
    {T.L_PAREN, T.DOT, T.COLON_EQ, T.EQ, T.COLON, T.COMMA, T.L_BRACKET, T.DCOLON, T.MOD, T.ARROW, T.PARAMETER, T.LT}
)
"""What follows a name that is called, assigned, declared or a label."""


def note_unknown(unit: Unit, tokens: list[Token]) -> bool:
    """Say so if nobody knows what a statement is. False if it may be a declaration, an assignment or a call."""
    first = tokens[0]
    word = first.text.upper()
    if _begins_with_gap(unit, tokens):
        return True
    if first.token_type is not T.VAR or len(tokens) < 2 or word in _KNOWN or tokens[1].token_type in _NO_SENTENCE:
        return False
    meant = get_close_matches(word, _MEANT, 1, _LIKE)
    in_block = not unit.routine.is_script or unit.declares
    if in_block and (word in unit.routine.variables() or not _has_clause(tokens)):
        return False
    _note(unit, tokens, f"no statement begins with {first.text[:40]!r}", meant)
    return True


def note_unknown_call(unit: Unit, tokens: list[Token]) -> None:
    """What begins a batch of T-SQL without a word of its own is a call: unless it has clauses, words without commas
    between them, or nearly such a word."""
    word = tokens[0].text.upper()
    if _begins_with_gap(unit, tokens):
        return
    if tokens[0].token_type is not T.VAR or len(tokens) < 2 or tokens[1].token_type in _NO_SENTENCE - {T.PARAMETER}:
        return
    meant = get_close_matches(word, _MEANT, 1, _LIKE)
    words = [t.token_type is T.VAR for t in tokens[1:]]
    if meant or _has_clause(tokens) or any(a and b for a, b in pairwise(words)):
        _note(unit, tokens, f"no statement begins with {tokens[0].text[:40]!r}", meant)


def _begins_with_gap(unit: Unit, tokens: list[Token]) -> bool:
    """Is it put together of texts, of which the first is not known?"""
    if not unit.nested or UNKNOWN not in tokens[0].text:
        return False
    unresolved(unit, tokens, "how a statement begins is not written down as constants")
    return True


def note_unknown_kind(unit: Unit, tokens: list[Token]) -> None:
    """``CREATE VEIW v``: nearly the word of something whose columns would be known. Behind it stands a name, so it is none itself."""
    pairs = pairwise(tokens[1:5])
    words = [a.text.upper() for a, b in pairs if a.token_type is T.VAR and b.token_type in (T.VAR, T.IDENTIFIER)]
    near = next(((w, m) for w in words if (m := get_close_matches(w, _MADE, 1, _LIKE)) and m != [w]), None)
    if near is not None:
        _note(unit, tokens, f"nothing is called {near[0][:40]!r}", near[1])


def _has_clause(tokens: list[Token]) -> bool:
    """Does a word stand in it, in no parentheses, that neither a call nor a declaration has?"""
    for _, token, depth in levels(tokens, 1):
        kind = token.token_type
        if kind is T.COLON_EQ or token.text.upper() in ("DEFAULT", "CURSOR", "IS"):
            return False
        if depth == 0 and kind in _CLAUSES:
            return True
    return False


def _note(unit: Unit, tokens: list[Token], why: str, meant: list[str]) -> None:
    hint = f" (is {meant[0]} meant?)" if meant else ""
    unit.facts.failed += not unit.nested
    unit.facts.note(
        "RL113", "warning", f"this statement was left out: {why}{hint}", start_line(tokens[0]), tokens[0].col
    )
