"""The parse cache: what it promises, and every fault that it must survive."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.cache import ParseCache, VerifyReport, cache_key, examined, left_idle, metas_fit, nameless, verify
from ray_lineage.compile import CompileOptions
from ray_lineage.ownfolder import own_folder

DAY = 86_400


@pytest.fixture(autouse=True)
def temp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a cache goes whose place is not ours."""
    folder = tmp_path_factory.mktemp("temp")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def items(count: int, size: int = 100) -> list[tuple[bytes, bytes]]:
    return [(i.to_bytes(16, "big"), bytes([i % 251]) * size) for i in range(count)]


def filled(path: Path, count: int = 200, size: int = 1000) -> list[tuple[bytes, bytes]]:
    cache = ParseCache.open(str(path))
    cache.put_many(items(count, size))
    cache.close()
    return items(count, size)


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = ParseCache.open(str(tmp_path / "c"))
    cache.put_many(items(3))
    assert cache.get_many([k for k, _ in items(4)]) == [*(v for _, v in items(3)), None]
    found = cache.stats()
    assert (found.entries, found.hits, found.misses, found.state) == (3, 3, 1, "ok")
    cache.close()


def test_hits_and_misses_are_remembered(tmp_path: Path) -> None:
    for _ in range(2):
        cache = ParseCache.open(str(tmp_path / "c"))
        cache.put_many(items(1))
        cache.get_many([k for k, _ in items(2)])
        cache.close()
    cache = ParseCache.open(str(tmp_path / "c"))
    assert (cache.stats().hits, cache.stats().misses) == (2, 2)
    cache.close()


def test_opening_twice_gives_the_same(tmp_path: Path) -> None:
    one, two = ParseCache.open(str(tmp_path / "c")), ParseCache.open(str(tmp_path / "." / "c"))
    assert one is two
    one.close()
    two.put_many(items(1))
    assert two.get_many([items(1)[0][0]]) == [items(1)[0][1]]
    two.close()


def test_threads_that_open_it_at_once_get_the_same(tmp_path: Path) -> None:
    """The thread of the graph and the one that works, with ``--workers 0``: LMDB refuses a second environment."""
    for number in range(5):
        at_once = threading.Barrier(4)

        def opened(path: str = str(tmp_path / f"c{number}"), at_once: threading.Barrier = at_once) -> ParseCache:
            at_once.wait(60)
            return ParseCache.open(path)

        with ThreadPoolExecutor(4) as threads:
            caches = [f.result() for f in [threads.submit(opened) for _ in range(4)]]
        assert len(set(map(id, caches))) == 1
        assert caches[0].state == "ok", caches[0].reason
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(ParseCache.close, caches))
        assert caches[0]._env is None


def test_the_key_is_all_that_facts_may_depend_on() -> None:
    keys = {
        cache_key(s, CompileOptions(d, c, m, n), v)
        for s in "ab"
        for d in ("", "tsql")
        for c in ("", "x")
        for m in ("", "x")
        for n in ("", "x")
        for v in "12"
    }
    assert len(keys) == 64
    assert len({nameless(key) for key in keys}) == 32


def test_names_count_only_for_facts_that_depend_on_them(tmp_path: Path) -> None:
    cache = ParseCache.open(str(tmp_path / "c"))
    plain, template = ([cache_key(s, CompileOptions(model=n), "1") for n in ("a", "b")] for s in "pt")
    cache.put_many([(nameless(plain[0]), b"facts"), (template[0], b"of a")])
    assert cache.get_many([*plain, *template]) == [b"facts", b"facts", b"of a", None]
    assert cache.contains([*plain, *template]) == [True, True, True, False]
    cache.put_many([(template[1], b"of b")])
    assert cache.get_many(template) == [b"of a", b"of b"]
    cache.close()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=50)), max_size=30))
def test_a_get_is_the_last_put_or_a_miss(puts: list[tuple[int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = ParseCache.open(folder + "/c")
        model: dict[bytes, bytes] = {}
        for number, value in puts:
            key = number.to_bytes(16, "big")
            cache.put_many([(key, value)])
            model[key] = value
        assert cache.get_many(list(model)) == list(model.values())
        cache.close()


def test_flipped_bits_are_misses(tmp_path: Path) -> None:
    expected = dict(filled(tmp_path / "c"))
    data = tmp_path / "c" / "data.mdb"
    whole = data.read_bytes()
    chance = random.Random(1)
    for _ in range(15):
        broken = bytearray(whole)
        # values lie from the third page on; flipped structure is the business of the child process below
        for _ in range(20):
            at = chance.randrange(len(whole))
            broken[at] ^= 1 << chance.randrange(8)
        folder = tmp_path / f"flipped{chance.random()}"
        own_folder(str(folder)).close()
        (folder / "data.mdb").write_bytes(broken)
        code = (
            "import sys; from ray_lineage.cache import ParseCache; c = ParseCache.open(sys.argv[1])\n"
            "assert c.path == sys.argv[1]\n"
            "found = c.get_many([i.to_bytes(16, 'big') for i in range(200)])\n"
            "assert all(v is None or v == bytes([i % 251]) * 1000 for i, v in enumerate(found))"
        )
        done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, timeout=60)
        assert done.returncode in (0, -signal.SIGBUS, -signal.SIGSEGV, -signal.SIGABRT), done.stderr.decode()
        if done.returncode:  # it died, and left its marker: the next one looks before it opens
            again = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, timeout=60)
            assert again.returncode == 0, again.stderr.decode()
    assert expected


def test_a_cache_is_looked_through_after_a_death_but_not_of_one_who_was_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "c")
    looked: list[str] = []
    monkeypatch.setattr("ray_lineage.cache.verify", lambda path: looked.append(path) or VerifyReport(0, 0, False))
    nobody = 2**31 - 1
    for idle in (True, False):
        (tmp_path / "c" / f"open.{nobody}").touch()
        if idle:
            left_idle(str(tmp_path / "c"), nobody)
        ParseCache.open(str(tmp_path / "c")).close()
        assert bool(looked) is not idle
    left_idle(str(tmp_path / "c"), nobody)  # what was not there, or is gone, is nothing


def test_bad_values_are_told(tmp_path: Path) -> None:
    filled(tmp_path / "c", count=8, size=3000)
    data = tmp_path / "c" / "data.mdb"
    whole = bytearray(data.read_bytes())
    for _, value in items(8, 3000):
        start = whole.find(value[:100])
        while start >= 0:
            whole[start : start + 100] = bytes(b ^ 128 for b in value[:100])
            start = whole.find(value[:100], start + 100)
    data.write_bytes(whole)
    cache = ParseCache.open(str(tmp_path / "c"))
    assert cache.get_many([k for k, _ in items(8)]) == [None] * 8
    found = examined(cache.stats())
    cache.close()
    assert (found.state, found.entries, found.bad, found.foreign) == ("damaged", 8, 8, 0)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
def test_a_truncated_file_is_moved_aside(tmp_path: Path, share: float) -> None:
    filled(tmp_path / "c")
    data = tmp_path / "c" / "data.mdb"
    os.truncate(data, int(data.stat().st_size * share) | 1)
    assert not metas_fit(str(data))
    cache = ParseCache.open(str(tmp_path / "c"))
    assert cache.get_many([items(1)[0][0]]) == [None]
    cache.put_many(items(1))
    assert cache.get_many([items(1)[0][0]]) == [items(1)[0][1]]
    cache.close()
    assert list((tmp_path / "c").glob("data.mdb.broken-*"))


def test_a_file_in_its_place_stays(tmp_path: Path, temp: Path) -> None:
    database = tmp_path / "parse_cache.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    before = database.read_bytes()
    cache = ParseCache.open(str(database))
    cache.put_many(items(1))
    assert cache.stats().entries == 1
    assert Path(cache.path).parent == temp
    cache.close()
    assert database.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["parse_cache.db"]


@pytest.mark.parametrize("how", ["a folder", "a cache of a repository", "a link", "open to others"])
def test_what_is_not_ours_is_not_touched(tmp_path: Path, temp: Path, how: str) -> None:
    place = tmp_path / "c"
    if how == "a cache of a repository":
        filled(tmp_path / "original")
        shutil.copytree(tmp_path / "original", place)
    elif how == "a link":
        (tmp_path / "home").mkdir()
        place.symlink_to(tmp_path / "home")
    else:
        place.mkdir()
        place.chmod(0o777 if how == "open to others" else 0o755)
        if how == "a folder":
            (place / "mine.txt").write_text("mine")
    before = (place.stat().st_mode, sorted((p.name, p.read_bytes()) for p in place.iterdir()))
    cache = ParseCache.open(str(place))
    cache.put_many(items(2))
    assert (cache.state, Path(cache.path).parent) == ("ok", temp)
    cache.close()
    assert (place.stat().st_mode, sorted((p.name, p.read_bytes()) for p in place.iterdir())) == before


def test_an_empty_folder_of_ours_may_be_used(tmp_path: Path) -> None:
    place = tmp_path / "c"
    place.mkdir(mode=0o755)
    for _ in range(2):
        cache = ParseCache.open(str(place))
        cache.put_many(items(2))
        assert cache.path == str(place)
        cache.close()
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_what_another_user_made_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of a repository's cache, moved into ours: only the secret of the user who made them would show them right."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "attacker"))
    filled(tmp_path / "poisoned")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "victim"))
    own_folder(str(tmp_path / "c")).close()
    shutil.copy(tmp_path / "poisoned" / "data.mdb", tmp_path / "c")
    cache = ParseCache.open(str(tmp_path / "c"))
    assert cache.get_many([k for k, _ in items(200)]) == [None] * 200
    cache.put_many(items(1))
    assert cache.get_many([items(1)[0][0]]) == [items(1)[0][1]]
    cache.close()
    assert verify(str(tmp_path / "c")) == VerifyReport(200, 0, False, 199)


def test_a_place_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = ParseCache.open(str(tmp_path / "file" / "c"))
    cache.put_many(items(1))
    assert cache.get_many([items(1)[0][0]]) == [None]
    assert cache.state == "off"
    cache.close()
    assert len(caplog.records) == 1


def test_a_full_map_evicts_and_goes_on(tmp_path: Path) -> None:
    cache = ParseCache.open(str(tmp_path / "c"), max_bytes=2**20)
    for start in range(100):
        cache.put_many([((start * 100 + i).to_bytes(16, "big"), os.urandom(12_000)) for i in range(100)])
    last = [(9_900 + i).to_bytes(16, "big") for i in range(100)]
    assert cache.state == "ok"
    assert any(v is not None for v in cache.get_many(last))
    cache.close()


def test_least_recently_used_goes_first_and_old_ones_expire(tmp_path: Path) -> None:
    clock = Clock()
    cache = ParseCache.open(str(tmp_path / "c"), max_entries=10, clock=clock)
    for key, value in items(10):
        clock.now += 1
        cache.put_many([(key, value)])
    clock.now += 2 * DAY
    assert cache.get_many([items(10)[0][0]])[0] is not None  # used: now the youngest
    clock.now += 1
    cache.put_many([(b"x" * 16, b"new")])
    left = [v is not None for v in cache.get_many([k for k, _ in items(10)])]
    assert left == [True, False, False, *[True] * 7]
    clock.now += 31 * DAY
    cache.prune()
    assert cache.stats().entries == 0
    cache.close()


def test_use_counts_by_minutes(tmp_path: Path) -> None:
    """The oldest are read again and again, and stay, in another process too."""
    clock = Clock()
    cache = ParseCache.open(str(tmp_path / "c"), max_entries=100, clock=clock)
    cache.put_many(items(100))
    for _ in range(5):
        clock.now += 400
        assert None not in cache.get_many([k for k, _ in items(20)])
        cache.close()
        cache = ParseCache.open(str(tmp_path / "c"), max_entries=100, clock=clock)
    cache.put_many([(b"x" * 16, b"new")])
    left = [v is not None for v in cache.get_many([k for k, _ in items(100)])]
    assert all(left[:20])
    assert sum(left) == 89
    cache.close()


def test_killed_writers_leave_whole_entries(tmp_path: Path) -> None:
    code = (
        "import sys, itertools; from ray_lineage.cache import ParseCache; c = ParseCache.open(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    c.put_many([((n * 50 + i).to_bytes(16, 'big'), bytes([i]) * 3000) for i in range(50)])\n"
        "    print(n, flush=True)"
    )
    for _ in range(3):
        processes = [
            subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "c")], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            for _ in range(5):
                process.stdout.readline()
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        report = verify(str(tmp_path / "c"))
        assert (report.crashed, report.bad) == (False, 0)
        assert report.entries >= 250


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_costs_speed_only(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        cache = ParseCache.open(str(disk / "c"))
        for start in range(40):
            cache.put_many([((start * 10 + i).to_bytes(16, "big"), os.urandom(10_000)) for i in range(10)])
        assert cache.get_many([(0).to_bytes(16, "big")])[0] is not None
        cache.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
