"""Hours of edits and kills: does anything grow, and is the graph exact in the end?

``python -m benchmarks.soak --minutes 120 --edits 5 --kill-every 60``. Under ``watch --realtime`` on Ray, files of a generated
repository are created, changed, deleted and renamed by a seeded random, and every ``--kill-every`` seconds another one picks a
parse actor, the writer or the driver, which is killed (SIGKILL). Every few seconds all processes of the job are looked at:
memory (PSS and RSS), open handles, their number; and the sizes of cache and store on disk.

In the end the edits stop, the job comes to rest and is interrupted, and its graph is compared row by row with that of a clean
ingest of the same files. Exit 1 if they differ. Growth is told as a slope per hour (least squares over the second half of the
samples, which leaves the start out) beside the mean; ``grows`` if it would double the mean within a day.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from benchmarks.generate import generate
from benchmarks.job import Watch, by_role, clean_dump, dump, family, keep, place, save, size_of, table, usage

VICTIMS: Final = ("parse", "writer", "driver")
_REST_SECONDS: Final = 180.0
_SAMPLES: Final = 400
_DAY: Final = 24


class Slope(msgspec.Struct, frozen=True):
    """How one figure went. ``per_hour`` in its unit."""

    figure: str
    first: float
    mean: float
    last: float
    per_hour: float

    @property
    def grows(self) -> bool:
        """Would it double within a day?"""
        return self.per_hour * _DAY > max(self.mean, 1.0)


class Result(msgspec.Struct, frozen=True):
    """What a soak found. ``differences`` has a line for each kind of row that is not as in a clean ingest."""

    edits: int
    kills: dict[str, int]
    files: int
    seconds_to_rest: float
    differences: list[str]
    left: list[str]
    """Processes that outlived the job."""
    slopes: list[Slope]

    @property
    def exact(self) -> bool:
        """Is the graph that of a clean ingest?"""
        return not self.differences


class Editor:
    """People at work: one edit at a time, by a seeded random."""

    def __init__(self, root: Path, texts: Sequence[str], chance: random.Random) -> None:
        self.edits = 0
        self._root, self._texts, self._chance = root, texts, chance
        self._files = sorted(root.rglob("*.sql"))
        self._least = max(1, len(self._files) // 2)
        self._most = 2 * len(self._files)

    def edit(self) -> None:
        """Create, change, delete or rename a file; mostly change."""
        self.edits += 1
        what = self._chance.choices((self._create, self._change, self._delete, self._rename), (2, 5, 2, 1))[0]
        if len(self._files) <= self._least and what == self._delete:
            what = self._create
        if len(self._files) >= self._most and what == self._create:
            what = self._delete
        what()

    def _text(self) -> str:
        return f"{self._chance.choice(self._texts)}\n-- edit {self.edits}\n"

    def _place(self) -> Path:
        return self._root / f"made_{self._chance.randrange(12)}" / f"edit_{self.edits:07}.sql"

    def _create(self) -> None:
        path = self._place()
        save(path, self._text())
        self._files.append(path)

    def _change(self) -> None:
        save(self._chance.choice(self._files), self._text())

    def _delete(self) -> None:
        self._files.pop(self._chance.randrange(len(self._files))).unlink()

    def _rename(self) -> None:
        at, path = self._chance.randrange(len(self._files)), self._place()
        path.parent.mkdir(exist_ok=True)
        self._files[at] = self._files[at].rename(path)


def run(
    minutes: float, *, edits: float = 5.0, kill_every: float = 60.0, files: int = 500, seed: int = 1, tell: bool = False
) -> Result:
    """One soak. ``edits`` a second; ``kill_every`` in seconds. Raises Late if the job ends or does not come to rest."""
    chance = random.Random(seed)
    with place("rl-soak-") as folder:
        root = generate(folder, files, seed, "tsql").root
        others = generate(folder / "other", files, seed + 1, "tsql").root
        editor = Editor(root, [p.read_text() for p in sorted(others.rglob("*.sql"))], chance)
        with Watch(folder, root, "--realtime", "--executor", "ray", "--workers", "2") as watch:
            watch.settled(time.time(), _REST_SECONDS)
            dice = random.Random(seed + 2)  # victims do not hang on how many edits there were time for
            samples, kills = _storm(watch, editor, dice, minutes * 60, edits, kill_every, tell)
            quiet = time.time()
            watch.settled(quiet, _REST_SECONDS)
            rested = time.time() - quiet
            processes = family(watch.pid)
            watch.stop()
        graph, clean = dump(watch.settings), clean_dump(root)
    differences = [f"{kind}: {_differ(graph[kind], rows)}" for kind, rows in clean.items() if graph[kind] != rows]
    return Result(editor.edits, kills, len(clean["File"]), rested, differences, _alive(processes), slopes(samples))


def _storm(
    watch: Watch, editor: Editor, dice: random.Random, seconds: float, edits: float, kill_every: float, tell: bool
) -> tuple[list[dict[str, float]], dict[str, int]]:
    samples: list[dict[str, float]] = []
    kills = dict.fromkeys(VICTIMS, 0)
    began = time.monotonic()
    next_kill, next_sample = began + kill_every, began
    while (now := time.monotonic()) < began + seconds:
        editor.edit()
        if now >= next_kill:
            next_kill += kill_every
            _kill(watch, dice.choice(VICTIMS), kills)
        if now >= next_sample:
            next_sample = now + max(1.0, seconds / _SAMPLES)
            samples.append(_sample(watch))
            if tell and len(samples) % 20 == 0:
                print(f"{(now - began) / 60:.0f} min, {editor.edits} edits, {kills}, {samples[-1]}", flush=True)
        time.sleep(max(0.0, began + editor.edits / edits - time.monotonic()))
    return samples, kills


def _kill(watch: Watch, victim: str, kills: dict[str, int]) -> None:
    found = by_role(watch.pid, victim)
    if found:  # it may be on its way back from the last time
        with contextlib.suppress(psutil.NoSuchProcess):
            found[kills[victim] % len(found)].kill()
            kills[victim] += 1


def _sample(watch: Watch) -> dict[str, float]:
    now = usage(watch.pid)
    cache = size_of(watch.data / ".cache")
    return {"hours": now.at / 3600, "PSS MB": now.pss / 1e6, "RSS MB": now.rss / 1e6, "handles": now.fds,
            "processes": now.processes, "cache MB": cache / 1e6, "store MB": (size_of(watch.data) - cache) / 1e6}  # fmt: skip


def slopes(samples: Sequence[dict[str, float]]) -> list[Slope]:
    """Least squares over the second half of the samples. Pure."""
    late = samples[len(samples) // 2 :]
    hours = [s["hours"] for s in late]
    middle = sum(hours) / len(hours)
    spread = sum((h - middle) ** 2 for h in hours) or 1.0
    found = []
    for figure in samples[0]:
        if figure != "hours":
            values = [s[figure] for s in late]
            mean = sum(values) / len(values)
            slope = sum((h - middle) * (v - mean) for h, v in zip(hours, values, strict=True)) / spread
            found.append(Slope(figure, samples[0][figure], mean, values[-1], slope))
    return found


def _differ(graph: list[tuple[Any, ...]], clean: list[tuple[Any, ...]]) -> str:
    missing, extra = sorted({*clean} - {*graph}, key=repr), sorted({*graph} - {*clean}, key=repr)
    return f"{len(missing)} missing, {len(extra)} extra; such as {str([*missing, *extra][:1])[:300]}"


def _alive(processes: Sequence[psutil.Process]) -> list[str]:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return [p.name() for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--edits", type=float, default=5.0, help="a second")
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds")
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = run(
        options.minutes, edits=options.edits, kill_every=options.kill_every, files=options.files, seed=options.seed, tell=True
    )  # fmt: skip
    table([{**msgspec.structs.asdict(s), "grows": s.grows} for s in result.slopes])
    print(
        f"{result.edits} edits, kills {result.kills}, {result.files} files in the end, at rest after {result.seconds_to_rest:.1f} s"
    )
    print("the graph is that of a clean ingest" if result.exact else "NOT EXACT\n" + "\n".join(result.differences))
    print(f"left running: {', '.join(result.left) or 'nothing'}")
    keep(options.json, msgspec.to_builtins(result))
    raise SystemExit(0 if result.exact else 1)


if __name__ == "__main__":
    main()
