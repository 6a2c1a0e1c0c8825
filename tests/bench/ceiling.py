"""What the load can do alone: asked of a server that sends constant bytes for whatever comes in.

`python -m tests.bench.ceiling` is that server, on PORT.
"""

import asyncio
import os
import subprocess
import sys
from typing import Final, cast

import uvloop

from deploy.ports import LOOPBACK, free_port, http_status
from tests.bench.load import ROOT, Plan, apply
from tests.support.waiting import until

CLIENTS: Final = 16
SECONDS: Final = 0.5
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
ASKED: Final = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Constant(asyncio.Protocol):
    """Answers every block that comes in: the load never sends two requests at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


def ceiling() -> float:
    """Return how many answers in a second the load can take in."""
    port = free_port()
    command = (sys.executable, "-m", "tests.bench.ceiling")
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PORT": str(port)}) as server:
        try:
            until(lambda: http_status(LOOPBACK, port, "/") == 200)
            plan = Plan(port=port, requests=[ASKED], clients=CLIENTS, seconds=SECONDS)
            return apply(plan).per_second
        finally:
            server.terminate()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Constant, LOOPBACK, int(os.environ["PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
