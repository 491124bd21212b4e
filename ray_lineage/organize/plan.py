"""The text of one script -> its parts: which object each belongs to, and where it goes. Pure.

Parts follow one another without a gap: a part goes from the comments in front of its statement to where the next one begins.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from typing import Final, NamedTuple

from ray_lineage.compile.sql.detect import detect
from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.compile.sql.lex.kinds import T, Token
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.compile.sql.split.flow import Slice
from ray_lineage.compile.sql.split.generic import split

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOLDERS: Final = {
    "TABLE": "tables",
    "VIEW": "views",
    "FUNCTION": "functions",
    "PROC": "stored_procedures",
    "PROCEDURE": "stored_procedures",
    "PACKAGE": "stored_procedures",
    "TRIGGER": "triggers",
    "SCHEMA": "schemas",
    "SYNONYM": "synonyms",
    "TYPE": "types",
    "INDEX": "indexes",
}
_DATA: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
_CONSTRAINTS: Final = (("FOREIGN", "foreign_keys"), ("CHECK", "check_constraints"), ("DEFAULT", "defaults"))
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))]
)
_UNSAFE: Final = re.compile(r"[^\w.\-]|^\.+|\.+$", re.ASCII)
_MAX_NAME: Final = 100
_GO: Final = re.compile(r"[ \t]*;?[ \t]*(?:\r?\n[ \t]*GO[ \t]*\d*[ \t]*(?=\r?\n|\Z))?", re.IGNORECASE)


class Part(NamedTuple):
    """Bytes ``start:end`` of the source. ``folder`` ends in the object's type; ``name`` is its name as written."""

    start: int
    end: int
    folder: str
    kind: str
    schema: str
    name: str
    first_line: int
    last_line: int


class Script(NamedTuple):
    """A source's byte order mark, encoding and parts."""

    mark: bytes
    encoding: str
    parts: tuple[Part, ...]


class _Place(NamedTuple):
    folder: str
    kind: str
    schema: str
    name: str


_OTHER: Final = _Place("other", "other", "", "")


def plan(data: bytes, dialect: str = "") -> Script:
    """Cut a source into its parts. What cannot be read as text is one part of ``other``."""
    mark, encoding = next(((m, e) for m, e in _BOMS if data.startswith(m)), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        mark, encoding, text = b"", "latin-1", data.decode("latin-1")
        body = data
    if text.encode(encoding) != body or "\0" in text:
        lines = text.count("\n") + 1
        return Script(b"", "latin-1", (Part(0, len(data), "other", "binary", "", "", 1, lines),) if data else ())
    pieces = _pieces(text, dialect or detect(text)[0])
    return Script(mark, encoding, tuple(_in_bytes(text, encoding, len(mark), pieces)))


def _in_bytes(text: str, encoding: str, offset: int, pieces: list[tuple[int, _Place]]) -> list[Part]:
    parts: list[Part] = []
    line = 1
    for k, (start, place) in enumerate(pieces):
        end = pieces[k + 1][0] if k + 1 < len(pieces) else len(text)
        piece = text[start:end]
        size = len(piece.encode(encoding))
        last = line + piece.count("\n")
        if size:
            parts.append(Part(offset, offset + size, *place, line, last - piece.endswith("\n")))
        offset += size
        line = last
    return parts


def _pieces(text: str, dialect: str) -> list[tuple[int, _Place]]:
    """Where each part begins (a character offset; the first is 0), and where it goes."""
    if not text:
        return []
    engine = engine_of(dialect)
    tokens, _ = tokenize(text, engine)
    slices = split(tokens, engine)
    found: list[tuple[int, int, _Place]] = []  # first and last character of the statement
    inside = -1  # end of the program that the slices are in
    guard = -1  # start of an IF in front of the next statement
    for index, piece in enumerate(slices):
        first = tokens[piece.start]
        if first.start <= inside:
            continue
        if piece.verb in ("IF", "?") and engine.batches and first.text.upper() == "IF":
            guard = first.start
            continue
        start = guard if guard >= 0 else first.start
        guard = -1
        end = tokens[piece.end - 1].end
        if piece.verb == "HEADER":
            end = inside = _program_end(text, tokens, slices, index, engine)
        found.append((start, end, _place(tokens[piece.start : piece.end], piece.verb, dialect)))
    if guard >= 0:
        found.append((guard, guard, _OTHER))
    return _without_gaps(text, found)


def _program_end(text: str, tokens: list[Token], slices: list[Slice], index: int, engine: Engine) -> int:
    """A program ends with its batch, where there are any; else with the END of its last statement."""
    header = slices[index]
    if engine.batches:
        for k in range(header.start + 1, len(tokens)):
            if tokens[k].text.upper() == "GO" and tokens[k].line > tokens[k - 1].line:
                return int(tokens[k - 1].end)
        return len(text)
    following = next((s.start for s in slices[index + 1 :] if s.owner < index and s.verb != "?"), len(tokens))
    last = following - 1
    while last > header.start and tokens[last].token_type in (T.SEMICOLON, T.SLASH):
        last -= 1
    return int(tokens[max(last, header.start)].end)


def _without_gaps(text: str, found: list[tuple[int, int, _Place]]) -> list[tuple[int, _Place]]:
    out: list[tuple[int, _Place]] = []
    previous = 0
    for start, end, place in found:
        at = previous if previous <= start else start
        if out and out[-1][1] == place and place.kind in ("other", "data"):
            pass  # neighbours of one kind stay together
        else:
            out.append((at if out else 0, place))
        if end + 1 > previous:
            tail = _GO.match(text, end + 1)
            previous = tail.end() if tail else end + 1
            if text.startswith("\r\n", previous):
                previous += 2
            elif text.startswith("\n", previous):
                previous += 1
    return out or [(0, _OTHER)]


def _place(tokens: list[Token], verb: str, dialect: str) -> _Place:
    words = [t.text.upper() for t in tokens[:12]]
    if verb in _DATA:
        at = next((i for i, w in enumerate(words[1:4], 1) if w not in ("INTO", "TOP", "OVERWRITE", "TABLE", "FROM")), 1)
        parts, _ = read_name(tokens, at)
        schema, name = _names(parts)
        return _Place("data", "data", schema, name)
    if words[0] not in ("CREATE", "ALTER") or len(words) < 3:
        return _OTHER
    at = next((i for i, w in enumerate(words) if w in _FOLDERS), -1)
    if at < 0:
        return _OTHER
    kind = words[at]
    if kind == "INDEX":
        return _index(tokens, at)
    i = at + 1
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "BODY", "ONLY"):
        i += 1
    parts, i = read_name(tokens, i)
    schema, name = _names(parts)
    if not name:
        return _OTHER
    if words[0] == "ALTER" and kind == "TABLE":
        return _altered(tokens, i, schema, name)
    return _Place(
        _FOLDERS[kind], kind.lower().replace("proc", "procedure").replace("procedureedure", "procedure"), schema, name
    )


def _index(tokens: list[Token], at: int) -> _Place:
    i = at + 1
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "CONCURRENTLY"):
        i += 1
    on = next((k for k in range(i, len(tokens)) if tokens[k].text.upper() == "ON"), -1)
    if on < 0:
        return _OTHER
    _, name = _names(read_name(tokens, i)[0]) if on > i else ("", "index")
    table, _ = read_name(tokens, on + 2 if on + 1 < len(tokens) and tokens[on + 1].text.upper() == "ONLY" else on + 1)
    schema, of = _names(table)
    return _Place(f"tables/{_of(schema, of)}/indexes", "index", schema, name)


def _altered(tokens: list[Token], i: int, schema: str, table: str) -> _Place:
    words = [t.text.upper() for t in tokens[i:]]
    folder = f"tables/{_of(schema, table)}/"
    flat = " ".join(words).split()  # the tokenizer makes one of FOREIGN KEY
    if "ADD" not in flat or not ({"CONSTRAINT", "FOREIGN", "CHECK", "PRIMARY", "UNIQUE", "DEFAULT"} & set(flat)):
        return _Place(folder + "alterations", "alteration", schema, table)
    name = table
    if "CONSTRAINT" in words:
        name = _names(read_name(tokens, i + words.index("CONSTRAINT") + 1)[0])[1] or table
    for word, kind in _CONSTRAINTS:
        if word in flat and not (
            word == "CHECK" and flat[flat.index("CHECK") - 1] == "WITH" and flat.count("CHECK") == 1
        ):
            return _Place(folder + kind, kind[:-1], schema, name)
    return _Place(folder + "constraints", "constraint", schema, name)


def _names(parts: list[Token]) -> tuple[str, str]:
    texts = [p.text for p in parts if p.token_type is not T.DOT]
    return (texts[-2] if len(texts) > 1 else "", texts[-1]) if texts else ("", "")


def _of(schema: str, name: str) -> str:
    return safe_name(f"{schema}.{name}" if schema else name)


def safe_name(name: str) -> str:
    """A file name of letters, digits, ``_``, ``-`` and ``.`` that no system reserves; a changed one is marked with a hash."""
    safe = _UNSAFE.sub("_", name)
    changed = safe != name or len(safe) > _MAX_NAME or safe.lower().split(".")[0] in _RESERVED or not safe
    if not changed:
        return safe
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return (
        f"{safe[:_MAX_NAME].rstrip('.') or 'object'}_{digest}"
        if safe.lower().split(".")[0] not in _RESERVED
        else f"_{safe[:_MAX_NAME]}_{digest}"
    )


def file_of(part: Part, source: str) -> str:
    """Path of a part's file below the destination. Parts without an object go by their source."""
    if not part.name:
        return f"{part.folder}/{safe_name(source.replace('/', '__'))}"
    return f"{part.folder}/{_of(part.schema, part.name)}.sql"
