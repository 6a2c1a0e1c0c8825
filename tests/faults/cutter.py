"""A way to PostgreSQL that can lose the answer to a COMMIT: what was committed is not told."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from deploy.ports import LOOPBACK

COMMITTED: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""What the server says when a transaction has been committed."""
_BLOCK: Final = 1 << 16
_ASKS_FOR_TLS: Final = 8
"""Bytes of the question whether the server speaks TLS: it comes first, and the answer is a byte."""


class Cutter:
    """Passes everything on between its own port and the server's, while entered.

    Once `lose` is called, the next answer to a COMMIT on a connection for `schema` is thrown away
    and that connection closed; with `shut`, nobody gets in afterwards until `open`.
    """

    def __init__(self, port: int, schema: str) -> None:
        self.port = 0
        self.lost = threading.Event()
        self._server_port = port
        self._mark = f"search_path={schema}".encode()
        self._armed = threading.Event()
        self._shut_then = False
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutter")
        self._passing: set[asyncio.Task[None]] = set()

    def lose(self, *, shut: bool = False) -> None:
        """Lose the next answer to a COMMIT."""
        self._shut_then = shut
        self.lost.clear()
        self._armed.set()

    def open(self) -> None:
        """Let everybody in again."""
        self._closed = False

    async def _meet(self, ours: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            if not self._closed:
                await self._pass_on(ours, out)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # whoever has gone: the other end is closed as well
        finally:
            out.close()
            self._passing.discard(task)

    async def _pass_on(self, ours: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        theirs, to = await asyncio.open_connection(LOOPBACK, self._server_port)
        begun = await ours.read(_BLOCK)
        to.write(begun)
        if len(begun) == _ASKS_FOR_TLS:
            out.write(await theirs.readexactly(1))
            begun = await ours.read(_BLOCK)
            to.write(begun)
        wanted = self._mark in begun
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(ours, to))
                both.create_task(self._answers(theirs, out, wanted))
        except* (OSError, EOFError):
            pass
        finally:
            to.close()

    async def _answers(
        self, theirs: asyncio.StreamReader, out: asyncio.StreamWriter, wanted: bool
    ) -> None:
        while block := await theirs.read(_BLOCK):
            if wanted and COMMITTED in block and self._armed.is_set():
                self._armed.clear()
                self._closed = self._shut_then
                if self._closed:
                    here = asyncio.current_task()
                    for task in self._passing:
                        if task is not here:
                            task.cancel()
                self.lost.set()
                raise EOFError
            out.write(block)
            await out.drain()
        raise EOFError

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._meet, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()

    async def _end(self) -> None:
        self._server.close()
        passing = list(self._passing)
        for task in passing:
            task.cancel()
        if passing:
            await asyncio.wait(passing)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while block := await source.read(_BLOCK):
        to.write(block)
        with suppress(ConnectionError):
            await to.drain()
    raise EOFError
