"""The way to NATS: one connection that never gives up. Streams and consumers are there already."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from nats.aio.client import Client
from nats.errors import Error as BrokerError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext

log: Final = logging.getLogger(__name__)

INCIDENTS: Final = "INCIDENTS"
NOTIFIER: Final = "NOTIFIER"
NAME: Final = "notifier"


PAUSE_SECONDS: Final = 1.0

Answer = TypeVar("Answer")


class NoAnswer(Exception):
    """Nobody answered the request in time. It may have been carried out or not."""


class TooLarge(Exception):
    """The request is larger than the broker passes on: trying again does not help."""


class Broker:
    """An open connection, with what the server has complained about since it was opened.

    `closed` is set when the client has given up for good: the program must then end, so that its
    supervisor starts it afresh. `errors` counts complaints by kind.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jetstream: Final[JetStreamContext] = client.jetstream()
        self.closed = asyncio.Event()
        self.errors: Counter[str] = Counter()
        self.last_error = ""

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> bytes:
        """Return the answer to a request. Raises `NoAnswer` or `TooLarge`."""
        try:
            return (await self.client.request(subject, payload, timeout_seconds)).data
        except MaxPayloadError:
            raise TooLarge(f"{len(payload):,} bytes; raise max_payload in nats.conf") from None
        except BrokerError as error:
            raise NoAnswer(self.explained(error)) from None

    async def answered(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what `question` returns, asked again until the broker answers it."""
        while True:
            try:
                return await question()
            except BrokerError as error:
                log.warning("broker-silent", extra={"reason": self.explained(error)})
                await asyncio.sleep(PAUSE_SECONDS)

    def explained(self, error: Exception) -> str:
        """Return what went wrong, with the server's own reason when it gave one.

        A denied permission looks like a lost answer; only the error callback knows better.
        """
        return f"{error}; the broker's last complaint: {self.last_error or 'none'}"

    async def close(self) -> None:
        """Send what is waiting and close the connection. Does nothing when it is closed."""
        if not self.client.is_closed:
            await self.client.close()

    async def _on_error(self, error: Exception) -> None:
        self.errors[type(error).__name__] += 1
        self.last_error = str(error) or type(error).__name__
        log.warning("broker-complained", extra={"reason": self.last_error})

    async def _on_closed(self) -> None:
        self.closed.set()


async def connect(url: str, nkey_seed_file: Path | None = None) -> Broker:
    """Return an open connection. Waits for a server that is not there yet, for as long as it takes.

    Reply subjects begin with `_INBOX_notifier`, which the server's permissions refer to.
    """
    client = Client()
    broker = Broker(client)
    await client.connect(
        servers=url.split(","),
        name=NAME,
        inbox_prefix=f"_INBOX_{NAME}",
        nkeys_seed=str(nkey_seed_file) if nkey_seed_file else None,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=20,
        error_cb=broker._on_error,
        closed_cb=broker._on_closed,
    )
    return broker
