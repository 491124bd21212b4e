"""Is everything in order? One check a part, each with what mends it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import msgspec

from ray_lineage import __version__
from ray_lineage.cache import ParseCache
from ray_lineage.errors import RayLineageError
from ray_lineage.settings import Loaded
from ray_lineage.sources.mounts import file_system, is_network

_PACKAGES = ("ray", "sqlglot", "sqlglotc", "neo4j", "lmdb", "msgspec", "pydantic")
_LITTLE_DISK = 500_000_000
_INOTIFY_LIMITS = "/proc/sys/fs/inotify"
_INOTIFY = {"max_user_watches": 65_536, "max_user_instances": 64}
"""Enough for a repository of 65,000 folders and other programs' watches of few."""


class Check(msgspec.Struct, frozen=True):
    """``verdict`` is OK, WARN or FAIL."""

    part: str
    verdict: str
    message: str
    help: str = ""


def checkup(loaded: Loaded) -> list[Check]:
    """Run all checks. Starts nothing, writes nothing but a probe file in the data folder."""
    checks: list[Callable[[Loaded], Check]] = [
        _python,
        _packages,
        _parser,
        _config,
        _environment,
        _data,
        _disk,
        _cache,
        _inotify,
        _ray_ports,
        _store,
    ]
    return [check(loaded) for check in checks]


def _python(_: Loaded) -> Check:
    return Check("python", "OK", f"{platform.python_version()} on {platform.system()}, ray_lineage {__version__}")


def _packages(_: Loaded) -> Check:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", "FAIL", f"missing: {', '.join(missing)}", "pip install ray-lineage")
    return Check("packages", "OK", ", ".join(found))


def _parser(_: Loaded) -> Check:
    spec = find_spec("sqlglot.parser")
    origin = (spec.origin or "") if spec else ""
    if origin.endswith((".so", ".pyd")):
        return Check("parser", "OK", "the compiled SQL parser is active")
    return Check(
        "parser", "WARN", "the compiled SQL parser is not active: parsing is 2.5 times slower", "pip install sqlglotc"
    )


def _config(loaded: Loaded) -> Check:
    return Check(
        "settings", "OK", f"from {loaded.file}" if loaded.file else "no settings file; defaults, environment and flags"
    )


def _environment(_: Loaded) -> Check:
    """A misspelt variable of ours was already refused; a misspelt Neo4j one cannot be."""
    known = {"NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_PASSWORD_FILE", "NEO4J_DATABASE"}
    strange = sorted(
        n
        for n in os.environ
        if n.startswith("NEO4J_") and n not in known and not n.startswith(("NEO4J_TEST", "NEO4J_JARS"))
    )
    if strange:
        return Check(
            "environment",
            "WARN",
            f"not read by ray_lineage: {', '.join(strange)}",
            f"it reads {', '.join(sorted(known))}",
        )
    return Check("environment", "OK", "no unknown variables")


def _data(loaded: Loaded) -> Check:
    from ray_lineage.runtime.datadir import prepare_data_dir

    folder = loaded.settings.data_dir
    try:
        prepare_data_dir(folder)
        probe = os.path.join(folder, f".probe.{os.getpid()}")
        with open(probe, "wb") as file:
            file.write(b"x")
        os.unlink(probe)
    except (OSError, RayLineageError) as error:
        return Check(
            "data folder", "FAIL", f"{folder}: {error}", "set RAY_LINEAGE_DATA_DIR to a folder that can be written"
        )
    kind = file_system(folder)
    if is_network(kind):
        text = (
            f"{folder} is on a network file system ({kind}), where the embedded graph's locks may not hold, and readers "
            "have to wait for commits"
        )
        return Check("data folder", "WARN", text, "set RAY_LINEAGE_DATA_DIR to a folder on a local disk")
    return Check("data folder", "OK", f"{os.path.abspath(folder)} ({kind or 'unknown file system'})")


def _disk(loaded: Loaded) -> Check:
    folder = loaded.settings.data_dir
    free = shutil.disk_usage(folder if os.path.isdir(folder) else ".").free
    verdict = "OK" if free > _LITTLE_DISK else "WARN"
    return Check("disk", verdict, f"{free / 1e9:.1f} GB free", "" if verdict == "OK" else "free some space")


def _cache(loaded: Loaded) -> Check:
    if not loaded.settings.enable_parse_cache:
        return Check("cache", "WARN", "switched off", "unset ENABLE_PARSE_CACHE")
    path = loaded.settings.parse_cache_path
    kind = file_system(path)
    cache = ParseCache.open(path)
    found = cache.stats()
    cache.close()
    if is_network(kind):
        where = f"; {found.path} is used instead" if found.state == "ok" else f"; {found.state}: {found.reason}"
        remedy = "set PARSE_CACHE_PATH to a folder on a local disk"
        return Check("cache", "WARN", f"{path} is on a network file system ({kind}){where}", remedy)
    if found.state != "ok":
        return Check(
            "cache", "WARN", f"{found.state}: {found.reason}", "`ray_lineage cache clear`, or another PARSE_CACHE_PATH"
        )
    return Check(
        "cache", "OK", f"{found.entries:,} entries, {found.bytes / 1e6:.1f} MB, {100 * found.hit_rate:.0f} % hits"
    )


def _inotify(_: Loaded) -> Check:
    """What `watch` needs of the kernel; where it has too little, changes are found by polling."""
    short = []
    for name, enough in _INOTIFY.items():
        try:
            with open(f"{_INOTIFY_LIMITS}/{name}", encoding="ascii") as file:
                limit = int(file.read())
        except (OSError, ValueError):
            return Check("watching", "OK", "the system sets no limits of inotify")
        if limit < enough:
            short.append((name, limit, enough))
    if short:
        message = ", ".join(f"fs.inotify.{name} is {limit:,}" for name, limit, _ in short)
        remedy = " ".join(f"fs.inotify.{name}={enough}" for name, _, enough in short)
        return Check("watching", "WARN", f"{message}: large trees are followed by polling", f"sysctl -w {remedy}")
    return Check("watching", "OK", "inotify's limits are high enough")


def _ray_ports(_: Loaded) -> Check:
    from ray_lineage.query.exposure import exposed, judge, listening

    found = listening()
    return Check("ray ports", *judge(None if found is None else exposed(found)))


def _store(loaded: Loaded) -> Check:
    from ray_lineage.graph.open import open_store

    try:
        store = open_store(loaded.settings, read_only=True)
    except RayLineageError as error:
        fresh = error.code == "RL210"
        return Check("store", "WARN" if fresh else "FAIL", error.message, error.help or "")
    try:
        names = ", ".join(store.projects()) or "no project yet"
        state = store.check()
        return Check("store", "OK", f"{store.uri}: {names}{f' ({state})' if state else ''}")
    except RayLineageError as error:
        return Check("store", "FAIL", error.message, error.help or "")
    finally:
        store.close()


assert sys.version_info >= (3, 11)
