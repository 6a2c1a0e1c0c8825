"""The way to NATS: one connection that never gives up, and the streams and consumers behind it.

The streams and consumers are set up by an administrator's step and not by the services, which have
no permission to do so. Nothing in here reads a message.
"""

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Final

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

log: Final = logging.getLogger(__name__)

INCIDENTS: Final = "INCIDENTS"
NOTIFIER: Final = "NOTIFIER"
PARTITIONS: Final = 8
"""Order is kept per case; a case is in one partition for ever. Never change this number."""

DUPLICATE_WINDOW: Final = 120.0
"""Seconds in which a repeated message id is recognised. Beyond it, only the sequence protects."""
FETCH_SECONDS: Final = 4.0
ACK_WAIT_SECONDS: Final = 6.0
"""Longer than a fetch waits, so that a message handed out is not handed out again meanwhile."""

# stream → its subjects, and who reads it: one durable consumer per partition
STREAMS: Final = {
    INCIDENTS: ("incidents.*.*.*", "notifier"),
    NOTIFIER: ("notifier.*.*.*", "incidents"),
}


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

    async def close(self) -> None:
        """Send what is waiting and close the connection. Does nothing when it is closed."""
        if not self.client.is_closed:
            await self.client.close()

    async def _on_error(self, error: Exception) -> None:
        self.errors[type(error).__name__] += 1
        self.last_error = str(error) or type(error).__name__
        log.warning("the broker complained: %s", self.last_error)

    async def _on_closed(self) -> None:
        self.closed.set()


async def connect(url: str, *, name: str, nkey_seed_file: Path | None = None) -> Broker:
    """Return an open connection. Waits for a server that is not there yet, for as long as it takes.

    `name` is shown by the server's own monitoring and begins the names of the reply subjects
    (`_INBOX_<name>`), which is what the server's permissions refer to.
    """
    client = Client()
    broker = Broker(client)
    await client.connect(
        servers=url.split(","),
        name=name,
        inbox_prefix=f"_INBOX_{name}",
        nkeys_seed=str(nkey_seed_file) if nkey_seed_file else None,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=20,
        error_cb=broker._on_error,
        closed_cb=broker._on_closed,
    )
    return broker


async def set_up(
    jetstream: JetStreamContext, *, replicas: int = 1, duplicate_window: float = DUPLICATE_WINDOW
) -> None:
    """Create the streams and consumers, or bring existing ones to what is written here.

    Nobody may delete or purge a message of a stream, and no limit drops one: the streams are part
    of the record. Raises `nats.js.errors.APIError` when the server refuses, for instance when
    fewer servers than `replicas` are up.
    """
    for stream, (subjects, reader) in STREAMS.items():
        await _set_up_stream(jetstream, _stream(stream, subjects, replicas, duplicate_window))
        prefix = subjects.split(".", 1)[0]
        for partition in range(PARTITIONS):
            consumer = _consumer(f"{reader}-{partition}", f"{prefix}.*.{partition}.*")
            await jetstream.add_consumer(stream, consumer)


async def _set_up_stream(jetstream: JetStreamContext, config: StreamConfig) -> None:
    assert config.name
    try:
        await jetstream.stream_info(config.name)
    except NotFoundError:
        await jetstream.add_stream(config)
    else:
        await jetstream.update_stream(config)


def _stream(name: str, subjects: str, replicas: int, duplicate_window: float) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subjects],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=replicas,
        duplicate_window=duplicate_window,
        deny_delete=True,
        deny_purge=True,
    )


def _consumer(name: str, subjects: str) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=name,
        filter_subject=subjects,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        # One at a time: the next message of a case waits until this one is dealt with.
        max_ack_pending=1,
        # Never given up by the broker: what cannot be read is set aside, visibly, by its reader.
        max_deliver=-1,
    )
