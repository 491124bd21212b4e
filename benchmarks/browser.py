"""A Chromium that is told what to do over its DevTools protocol: for tests of the page and for its pictures."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import psutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0", "--disable-dev-shm-usage",
)  # fmt: skip
_PATIENCE = 60.0
"""Seconds that anything may take."""
_KEYS = {
    "Enter": 13, "Escape": 27, "Tab": 9, "Delete": 46, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


def chromium() -> str | None:
    """The path of one that is installed."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page; an async context manager. ``requests`` are the addresses that it asked for, ``problems`` what it complained of."""

    def __init__(self, width: int = 1500, height: int = 900) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._size = f"--window-size={width},{height}"
        self._number = 0

    async def __aenter__(self) -> Browser:
        path = chromium()
        assert path is not None
        self._folder = tempfile.mkdtemp(prefix="ray_lineage-browser-")
        flags = [*_FLAGS, self._size, f"--user-data-dir={self._folder}"]
        self._process = subprocess.Popen(
            [path, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(await self._target("page"), max_msg_size=0)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.call(f"{domain}.enable")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()
        self._process.terminate()
        self._process.wait(_PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _target(self, kind: str) -> str:
        """The address of the first page or frame, once there is one."""
        ports = Path(self._folder, "DevToolsActivePort")
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if ports.exists() and len(ports.read_text().split()) > 1:
                async with self._http.get(f"http://127.0.0.1:{ports.read_text().split()[0]}/json") as answer:
                    found = [target["webSocketDebuggerUrl"] for target in await answer.json() if target["type"] == kind]
                    if found:
                        return str(found[0])
            await asyncio.sleep(0.02)
        raise AssertionError(f"Chromium has no {kind}")

    @contextlib.asynccontextmanager
    async def frame(self) -> AsyncIterator[Browser]:
        """A frame that has a process of its own."""
        inner = Browser()
        inner._socket = await self._http.ws_connect(await self._target("iframe"), max_msg_size=0)
        try:
            await inner.call("Runtime.enable")
            yield inner
        finally:
            await inner._socket.close()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive(_PATIENCE)).data)
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        match event["method"]:
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            case "Log.entryAdded":
                self.problems.append(event["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.problems.append(json.dumps(event["params"]["exceptionDetails"])[:500])

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, json.dumps(found.get("exceptionDetails"))[:1000]
        return found["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait for an expression to be true."""
        deadline = time.monotonic() + _PATIENCE
        while not await self._truth(script):
            assert time.monotonic() < deadline, f"never true: {script}"
            await asyncio.sleep(0.01)

    async def _truth(self, script: str) -> bool:
        found = await self.call("Runtime.evaluate", expression=f"Boolean({script})", returnByValue=True)
        return found["result"].get("value") is True

    async def open(self, address: str, ready: str = "document.documentElement.dataset.ready") -> None:
        """A page, anew, until it is painted."""
        await self.call("Page.navigate", url="about:blank")
        await self.call("Page.navigate", url=address)
        await self.until(f"location.href !== 'about:blank' && document.documentElement && {ready}")

    async def press(self, *keys: str) -> None:
        """Keys, one after another."""
        for key in keys:
            text = "\r" if key == "Enter" else key if len(key) == 1 else ""
            code = _KEYS.get(key, ord(key[0]) if len(key) == 1 else 0)
            more = {"text": text} if text else {}
            await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def dark(self, on: bool = True) -> None:
        """As a user who likes it dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    def cpu_seconds(self) -> float:
        """Of all processes of the browser that live."""
        main = psutil.Process(self._process.pid)
        times = [process.cpu_times() for process in (main, *main.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    async def picture(self, path: str) -> None:
        """A PNG of what is seen."""
        found = await self.call("Page.captureScreenshot", format="png")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as file:
            file.write(base64.b64decode(found["data"]))
