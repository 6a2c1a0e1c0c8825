"""A small program to supervise: `python tests/deploy/program.py KIND`.

serve    answers every GET on PORT with 200
idle     waits, and says so when it is asked to end
deaf     cannot be asked to end
survivor does not end with its supervisor, as where the system cannot bind it
parent   starts another process, in its own group, and waits
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import FrameType

PR_SET_PDEATHSIG = 1


class Always200(BaseHTTPRequestHandler):
    """Answers every GET with 200 and an empty body."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet."""


def asked_to_end(number: int, frame: FrameType | None) -> None:
    print("asked to end")
    sys.exit(0)


def main(kind: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN if kind == "deaf" else asked_to_end)
    if kind == "survivor":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0)
    if kind == "parent":
        child = subprocess.Popen([sys.executable, __file__, "deaf"])
        print(f"child {child.pid}")
    seed = os.environ.get("NATS_NKEY_SEED_FILE", "no seed").rpartition("/")[2]
    print(f"{kind} runs with {seed}")
    if kind == "serve":
        HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Always200).serve_forever()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
