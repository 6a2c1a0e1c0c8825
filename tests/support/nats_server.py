"""A real nats-server with JetStream, in a folder of its own, that a test may stop and start."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.broker import server_binary
from deploy.ports import LOOPBACK, free_port, greeting

START_SECONDS: Final = 20.0

_OPEN_TO_ALL = """
host: 127.0.0.1
port: $NATS_PORT
max_payload: 2MB
jetstream { store_dir: $NATS_STORE_DIR, sync_interval: always }
"""


class NatsServer:
    """Runs while entered, on the same port and folder however often it is stopped and started.

    Without `config` everybody may do everything. With it, `environment` holds what it asks for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: Path | None = None,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.url = f"nats://{LOOPBACK}:{self.port}"
        self._config = config or folder / "nats.conf"
        if config is None:
            self._config.write_text(_OPEN_TO_ALL)
        self._environment = {
            **os.environ,
            "NATS_PORT": str(self.port),
            "NATS_STORE_DIR": f'"{folder}"',
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder / "nats.log").read_text("utf-8", "replace")

    def start(self) -> None:
        """Return when the server takes connections. Raises AssertionError when it does not."""
        assert self._process is None, "the server runs already"
        with (self.folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(
                [server_binary(os.environ), "-c", self._config],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not greeting(self.port).startswith(b"INFO "):
            assert self._process.poll() is None, f"nats-server ended:\n{self.log}"
            assert time.monotonic() < deadline, f"nats-server does not answer:\n{self.log}"
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask the server to end and return when it has. Does nothing when it does not run."""
        if self._process:
            self._process.terminate()
            self._wait()

    def kill(self) -> None:
        """End the server without warning, as a power cut would."""
        if self._process:
            self._process.kill()
            self._wait()

    def _wait(self) -> None:
        assert self._process
        try:
            self._process.wait(START_SECONDS)
        finally:
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()
