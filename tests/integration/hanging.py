"""Files that hang in native code, where no signal is heard, or that crash there: put into every process that a command starts."""

from __future__ import annotations

import os
from pathlib import Path

BURNS = "CREATE VIEW burns AS SELECT 1 AS a"
BLOCKS = "CREATE VIEW blocks AS SELECT 1 AS a"
CRASHES = "CREATE VIEW crashes AS SELECT 1 AS a"

_SITE = '''
import ctypes, importlib.util, pathlib, sys

class Finder:
    """What is compiled hangs, as a compiled parser would: with all CPU, or with none of it."""

    def find_spec(self, name, path=None, target=None):
        if name not in ("ray_lineage.compile", "ray_lineage.runtime.parse", "ray_lineage.patience"):
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            if name.endswith("patience"):
                module.HANGS_SECONDS = 3.0
                return
            module.SOFT_SECONDS = {seconds}
            real = module.compile_source

            def compile_source(text, *rest):
                if name.endswith("parse"):  # of the two that are on the way of a text
                    with pathlib.Path(__file__).with_name("compiled").open("a") as log:
                        print(str(text).partition(" AS ")[0], file=log)
                if isinstance(text, str) and "VIEW b" in text:
                    pathlib.Path(__file__).with_name("hangs").touch()
                if "VIEW burns" in str(text):
                    sum(range(10**15))
                if "VIEW blocks" in str(text):
                    ctypes.PyDLL(None).sleep(10**6)
                if "VIEW crashes" in str(text):
                    ctypes.string_at(0)
                return real(text, *rest)

            module.compile_source = compile_source

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
'''


def hanging(folder: Path, seconds: float) -> dict[str, str]:
    """Environment in which such files hang, and the soft limit is so many seconds. When one does, a file ``fault/hangs`` is made;
    ``fault/compiled`` has the beginning of each text that is compiled."""
    (folder / "fault").mkdir()
    (folder / "fault" / "sitecustomize.py").write_text(_SITE.replace("{seconds}", str(seconds)))
    paths = (str(folder / "fault"), os.getcwd(), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
