"""A throw-away real Neo4j server on loopback, from Maven Central's jars (needs Java 17 and Maven).

``python -m tests.neo4j_server.server DIR`` starts one and prints its URI until it is interrupted.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

PASSWORD = "throw-away-password"
_START_SECONDS = 120


def jars() -> Path:
    """The server's jars, fetched on first use into NEO4J_JARS or the user's cache folder."""
    folder = Path(os.environ.get("NEO4J_JARS") or Path.home() / ".cache" / "ray_lineage-tests" / "neo4j-5.26.30")
    if not (folder / ".complete").exists():
        pom = Path(__file__).with_name("pom.xml")
        subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"],
            check=True,
            timeout=900,
        )
        (folder / ".complete").touch()
    return folder


class Neo4jServer:
    """One server with its data in ``directory``. ``kill`` and then ``start`` recovers the same store."""

    def __init__(self, directory: Path, **settings: str) -> None:
        """``settings`` are lines of neo4j.conf, with ``__`` for each dot."""
        self.directory = directory
        self.settings = {k.replace("__", "."): v for k, v in settings.items()}
        self.bolt, self.http = free_port(), free_port()
        self.uri = f"bolt://127.0.0.1:{self.bolt}"
        self.username, self.password = "neo4j", PASSWORD
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until a query is answered. Raises RuntimeError with the log's end after two minutes."""
        for name in ("conf", "data", "logs", "plugins", "import", "run"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        settings = {
            "server.bolt.listen_address": f"127.0.0.1:{self.bolt}",
            "server.bolt.advertised_address": f"127.0.0.1:{self.bolt}",
            "server.http.listen_address": f"127.0.0.1:{self.http}",
            "dbms.usage_report.enabled": "false",
            "server.memory.pagecache.size": "256m",
            "db.tx_log.preallocate": "false",
            **self.settings,
        }
        (self.directory / "conf" / "neo4j.conf").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        opens = [
            f"--add-opens=java.base/{p}=ALL-UNNAMED"
            for p in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
        ]
        log = (self.directory / "logs" / "console.log").open("ab")
        self._process = subprocess.Popen(
            [
                "java", "-cp", f"{jars()}/*", "-Xms512m", "-Xmx1g", "-XX:+UseG1GC", *opens,
                "-Dio.netty.tryReflectionSetAccessible=true", "org.neo4j.server.CommunityEntryPoint",
                f"--home-dir={self.directory}", f"--config-dir={self.directory / 'conf'}",
            ],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if self._ready():
                return
            time.sleep(0.3)
        tail = (self.directory / "logs" / "console.log").read_text(errors="replace")[-3000:]
        raise RuntimeError(f"Neo4j did not start:\n{tail}")

    def _ready(self) -> bool:
        import neo4j
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        for password in (self.password, "neo4j"):
            try:
                with neo4j.GraphDatabase.driver(self.uri, auth=("neo4j", password), connection_timeout=2) as driver:
                    if password == "neo4j":
                        with driver.session(database="system") as session:
                            session.run("ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new", new=self.password)
                        return False
                    driver.verify_connectivity()
                    with driver.session() as session:
                        session.run("RETURN 1").consume()
                    return True
            except AuthError:
                continue
            except (DriverError, Neo4jError, OSError):
                return False
        return False

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and answers nothing meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Clean shutdown, killed after 30 s; the data folder is removed."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def main() -> None:
    server = Neo4jServer(Path(sys.argv[1]))
    server.start()
    print(f"NEO4J_URI={server.uri} NEO4J_USERNAME={server.username} NEO4J_PASSWORD={server.password}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
