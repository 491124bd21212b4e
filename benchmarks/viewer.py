"""The page of a graph in Chromium: how large, how soon painted, how soon drawn anew; and the pictures of it in the docs.

python -m benchmarks.viewer measure data/graph.db
python -m benchmarks.viewer pictures docs/images     # of the example in this repository
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.browser import Browser
from ray_lineage.graph.open import open_embedded
from ray_lineage.viewer.making import Wanted, write_picture

EXAMPLE = Path(__file__).parents[1] / "examples" / "lumen_books"
SIZES = (14, 60, 150)
ROUNDS = 5
DRAWN = """(() => {
  const { view, graph, stage } = rayPage, [busiest] = rayGraph.busiest(graph, 1), times = [];
  rayPage.go(busiest, -1, true);
  view.tables = new Set(rayGraph.around(graph, busiest, %d, () => true));
  for (let k = 0; k < %d; k++) {
    const start = performance.now();
    stage.draw(view);
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return [stage.scene.boxes.length, stage.scene.edges.length, times[0], times.sort((a, b) => a - b)[times.length >> 1]];
})()"""


def write_page(store: str, page: str) -> tuple[int, int, float]:
    """Tables, columns and CPU seconds of reading and packing them."""
    opened, out, start = open_embedded(store, read_only=True), io.BytesIO(), time.process_time()
    picture = write_picture(opened, opened.projects(), "html", Wanted(), out)
    seconds = time.process_time() - start
    opened.close()
    Path(page).write_bytes(out.getvalue())
    return len(picture.tables), len(picture.columns), seconds


async def measure(store: str) -> None:
    """Prints size and milliseconds; the median of five."""
    with tempfile.TemporaryDirectory() as folder:
        page = os.path.join(folder, "lineage.html")
        tables, columns, seconds = write_page(store, page)
        print(
            f"{tables:,} tables, {columns:,} columns: {os.path.getsize(page) / 1e6:.2f} MB, {seconds:.1f} s CPU to write"
        )
        async with Browser() as browser:
            painted, cpu = [], []
            for _ in range(ROUNDS):
                before = browser.cpu_seconds()
                await browser.open(f"file://{page}")
                cpu.append(1000 * (browser.cpu_seconds() - before))
                painted.append(await browser.run("performance.getEntriesByName('painted')[0].startTime"))
            print(
                f"open to painted: {median(painted):.0f} ms ({', '.join(f'{p:.0f}' for p in painted)}), {median(cpu):.0f} ms CPU"
            )
            for size in SIZES:
                boxes, edges, first, then = await browser.run(DRAWN % (size, ROUNDS))
                print(f"{boxes} tables, {edges} edges drawn: {first:.0f} ms first, {then:.0f} ms then")


async def pictures(folder: str) -> None:
    """``viewer.png`` (a column's paths), ``viewer-start.png`` and ``viewer-dark.png``."""
    with tempfile.TemporaryDirectory() as data:
        command = [
            sys.executable,
            "-m",
            "ray_lineage",
            "ingest",
            str(EXAMPLE),
            "--root",
            str(EXAMPLE),
            "--project",
            "lumen_books",
            "--workers",
            "0",
            "--no-progress",
        ]
        subprocess.run(
            command,
            cwd=data,
            check=True,
            env={**os.environ, "RAY_LINEAGE_DATA_DIR": os.path.join(data, "data")},
            stderr=subprocess.DEVNULL,
        )
        page = os.path.join(data, "lineage.html")
        store = next(Path(data).rglob("graph.db"))
        write_page(str(store), page)
        async with Browser(1440, 900) as browser:
            for name, place, dark in SHOTS:
                await browser.dark(dark)
                await browser.open(f"file://{page}{place}")
                await browser.picture(os.path.join(folder, name))


SHOTS = (
    ("viewer.png", "#at=dw.vsale&column=royaltyeur", False),
    ("viewer-start.png", "", False),
    ("viewer-dark.png", "#at=mart.mart_funnel&influences=1", True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "pictures"))
    parser.add_argument("path", help="measure: the embedded graph; pictures: the folder for them")
    given = parser.parse_args()
    asyncio.run(measure(given.path) if given.what == "measure" else pictures(given.path))


if __name__ == "__main__":
    main()
