"""Write the parts of all scripts below a folder into a folder of objects, with a manifest that accounts for every byte."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ray_lineage.compile import formats_of, suffixes_of
from ray_lineage.errors import StoreRefused, UsageError
from ray_lineage.organize.plan import Part, file_of, plan
from ray_lineage.settings import Settings, rule_for
from ray_lineage.sources.scan import Scan, ScanOptions, SourceFault, read_bytes

MANIFEST: Final = "manifest.json"


class Entry(msgspec.Struct, frozen=True):
    """Bytes ``start:end`` of ``source`` lie in ``file`` from byte ``offset`` on. ``sha256`` is that of these bytes."""

    source: str
    start: int
    end: int
    sha256: str
    file: str
    offset: int
    object: str
    schema: str
    type: str
    first_line: int
    last_line: int


class Manifest(msgspec.Struct):
    """``marks`` are byte order marks (hex) of sources that have one: they stand in front of the first entry. ``files``
    maps what was written to its sha256."""

    version: int = 1
    sources: dict[str, str] = {}
    marks: dict[str, str] = {}
    entries: list[Entry] = []
    files: dict[str, str] = {}


class Organized(msgspec.Struct):
    """What a run did, in numbers of files."""

    sources: int = 0
    objects: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    kept: list[str] = []
    skipped: list[str] = []


def organize(roots: Sequence[str], destination: str, settings: Settings) -> Organized:
    """Organize. Raises UsageError for a bad folder, StoreRefused where something else's files would be overwritten."""
    target = Path(os.path.realpath(destination))
    for root in roots:
        real = Path(os.path.realpath(root))
        if target == real or real in target.parents or target in real.parents:
            text = f"{destination} and {root} lie in one another"
            raise UsageError("RL208", text, help="give a DEST outside of the sources")
    before = _load(target)
    result, manifest = Organized(), Manifest()
    taken: dict[str, str] = {}
    for file in Scan(list(roots), ScanOptions(settings.suffixes or suffixes_of(("sql",)), tuple(settings.ignore))):
        if not formats_of(file.path, ("sql",)):
            continue
        try:
            data = read_bytes(file, settings.max_file_size)
        except SourceFault as fault:
            result.skipped.append(f"{file.path}: {fault.diagnostic.message}")
            continue
        result.sources += 1
        dialect = rule_for(settings, file.path).dialect or ""
        _source(target, file.path, data, dialect, manifest, taken, result, before)
    for name in sorted(set(before.files) - set(manifest.files)):
        _remove(target, name, before.files[name], result)
    result.objects = len(manifest.files)
    _write(target, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return result


def _load(target: Path) -> Manifest:
    path = target / MANIFEST
    if not target.exists():
        return Manifest()
    if not target.is_dir():
        raise UsageError("RL208", f"{target} is no folder", help="give a folder that is empty or does not exist")
    if not path.exists():
        if any(target.iterdir()):
            text = f"{target} holds files that were not written by organize"
            raise StoreRefused("RL225", text, help="give a folder that is empty or does not exist")
        return Manifest()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, OSError) as error:
        raise StoreRefused(
            "RL225", f"{path} cannot be read: {error}", help="remove it, or give another folder"
        ) from None


def _source(
    target: Path,
    path: str,
    data: bytes,
    dialect: str,
    manifest: Manifest,
    taken: dict[str, str],
    result: Organized,
    before: Manifest,
) -> None:
    script = plan(data, dialect)
    manifest.sources[path] = hashlib.sha256(data).hexdigest()
    if script.mark:
        manifest.marks[path] = script.mark.hex()
    files: dict[str, list[Part]] = {}
    for part in script.parts:
        files.setdefault(file_of(part, path), []).append(part)
    for name, parts in files.items():
        file = _free(name, path, taken)
        content = bytearray(script.mark)
        for part in parts:
            piece = data[part.start : part.end]
            digest = hashlib.sha256(piece).hexdigest()
            content += _header(part, path, digest).encode(script.encoding)
            entry = Entry(path, part.start, part.end, digest, file, len(content), part.name, part.schema, part.kind,
                          part.first_line, part.last_line)  # fmt: skip
            manifest.entries.append(entry)
            content += piece
            if not piece.endswith("\n".encode(script.encoding)):
                content += "\n".encode(script.encoding)
        manifest.files[file] = hashlib.sha256(content).hexdigest()
        known = before.files.get(file)
        place = target / file
        if (
            known == manifest.files[file]
            and place.is_file()
            and not place.is_symlink()
            and place.read_bytes() == content
        ):
            result.unchanged += 1
            continue
        _write(target, file, bytes(content))
        result.written += 1


def _free(name: str, source: str, taken: dict[str, str]) -> str:
    """A name that no other source has, compared as systems without case do."""
    stem, suffix = (name[:-4], ".sql") if name.endswith(".sql") else (name, "")
    candidate, number = name, 1
    while taken.setdefault(candidate.lower(), source + "\0" + name) != source + "\0" + name:
        number += 1
        candidate = f"{stem}~{number}{suffix}"
    return candidate


def _header(part: Part, source: str, digest: str) -> str:
    def plain(text: str) -> str:
        return "".join(c if c.isprintable() else "?" for c in text)

    return (
        f"-- object: {plain(part.name)}\n-- schema: {plain(part.schema)}\n-- type: {part.kind}\n"
        f"-- source: {plain(source.encode('utf-8', 'replace').decode())}\n"
        f"-- lines: {part.first_line}-{part.last_line}\n-- sha256: {digest}\n"
    )


def _write(target: Path, name: str, content: bytes) -> None:
    """Whole or not at all, and never through a link out of the folder."""
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if target != path.parent and target not in Path(os.path.realpath(path.parent)).parents:
        raise StoreRefused("RL225", f"{path.parent} leads out of {target}", help="remove the symbolic link")
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".organize-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _remove(target: Path, name: str, digest: str, result: Organized) -> None:
    """An object that is gone from the sources; its file stays if somebody changed it."""
    path = target / name
    inside = target in Path(os.path.realpath(path.parent)).parents or target == path.parent
    if not inside or path.is_symlink() or not path.is_file():
        return
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        result.kept.append(name)
        return
    path.unlink()
    result.removed += 1
    for folder in path.parents:
        if folder == target or any(folder.iterdir()):
            break
        folder.rmdir()


def reassemble(destination: str) -> dict[str, bytes]:
    """The sources, put together again from the manifest and the files. Raises ValueError if a byte is missing."""
    target = Path(destination)
    manifest = msgspec.json.decode((target / MANIFEST).read_bytes(), type=Manifest)
    sources = {path: bytearray(bytes.fromhex(manifest.marks.get(path, ""))) for path in manifest.sources}
    for entry in sorted(manifest.entries, key=lambda e: (e.source, e.start)):
        if len(sources[entry.source]) != entry.start:
            raise ValueError(f"{entry.source}: nothing accounts for byte {len(sources[entry.source])}")
        content = (target / entry.file).read_bytes()
        sources[entry.source] += content[entry.offset : entry.offset + entry.end - entry.start]
    for path, digest in manifest.sources.items():
        if hashlib.sha256(sources[path]).hexdigest() != digest:
            raise ValueError(f"{path}: what was put together is not the source")
    return {path: bytes(data) for path, data in sources.items()}
