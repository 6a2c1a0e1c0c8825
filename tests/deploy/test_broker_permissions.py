"""What deploy/nats.conf lets each key do, asked of a real server."""

import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.broker import USERS, broker_environment
from deploy.ports import LOOPBACK, free_port
from incidents.broker import set_up
from tests.support.nats_server import NatsServer

CONFIG = Path(__file__).parents[2] / "deploy" / "nats.conf"
CASE = "0f0e7b5e-0000-4000-8000-000000000001"


class User(NamedTuple):
    """A connection under one of the keys, and what the server has refused it."""

    client: Client
    refusals: list[str]

    async def refused(self) -> list[str]:
        """Return the refusals of everything sent so far: the server answers in order.

        Twice, because the client's first ping overtakes what still waits to be written.
        """
        await self.client.flush()
        await self.client.flush()
        return list(self.refusals)


Connect = Callable[[str], Coroutine[Any, Any, User]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for this file, under the configuration that installations use."""
    folder, port = tmp_path_factory.mktemp("nats"), free_port()
    environment = broker_environment(folder, port)
    with NatsServer(folder, config=CONFIG, environment=environment, port=port) as running:
        yield running


@pytest.fixture
async def connect(server: NatsServer) -> AsyncIterator[Connect]:
    """Connections by user; the streams and consumers are there."""
    async with AsyncExitStack() as open_connections:

        async def connect(name: str) -> User:
            user = await _connect(server, name)
            open_connections.push_async_callback(user.client.close)
            return user

        await set_up((await connect("admin")).client.jetstream())
        yield connect


async def _connect(server: NatsServer, name: str) -> User:
    refusals: list[str] = []

    async def refused(error: Exception) -> None:
        refusals.append(str(error))

    client = Client()
    await client.connect(
        server.url,
        nkeys_seed=str(server.folder / f"{name}.nk"),
        inbox_prefix=f"_INBOX_{name}",
        error_cb=refused,
        allow_reconnect=False,
    )
    return User(client, refusals)


@pytest.mark.parametrize(
    ("name", "stream", "reader"),
    [("incidents", "INCIDENTS", "notifier"), ("notifier", "NOTIFIER", "incidents")],
)
async def test_a_service_publishes_on_its_stream_and_the_other_reads_it(
    connect: Connect, name: str, stream: str, reader: str
) -> None:
    writer, other = await connect(name), await connect(reader)
    message_id = str(uuid4())
    js = writer.client.jetstream()
    ack = await js.publish(f"{name}.school01.3.{CASE}", b"{}", headers={"Nats-Msg-Id": message_id})
    assert ack.stream == stream

    last = await js.get_last_msg(stream, f"{name}.school01.3.{CASE}")
    assert (last.headers or {})["Nats-Msg-Id"] == message_id
    assert (await js.stream_info(stream)).state.last_seq >= ack.seq

    pull = await other.client.jetstream().pull_subscribe_bind(f"{reader}-3", stream)
    [message] = await pull.fetch(1, timeout=5)
    assert (message.headers or {})["Nats-Msg-Id"] == message_id
    await message.ack_sync()
    info = await other.client.jetstream().consumer_info(stream, f"{reader}-3")
    assert (info.num_pending, info.num_ack_pending) == (0, 0)
    assert await writer.refused() == []
    assert await other.refused() == []


async def test_the_notifier_asks_and_incidents_answers(connect: Connect) -> None:
    incidents, notifier = await connect("incidents"), await connect("notifier")

    async def answer(message: Msg) -> None:
        await message.respond(b"x" * 1_500_000)

    await incidents.client.subscribe("requests.incidents.*", queue="answers", cb=answer)
    assert await incidents.refused() == []
    reply = await notifier.client.request("requests.incidents.recipients", b"{}", timeout=5)
    assert len(reply.data) == 1_500_000
    assert await incidents.refused() == []
    assert await notifier.refused() == []


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("incidents", f"notifier.school01.3.{CASE}"),
        ("incidents", "requests.incidents.recipients"),
        ("incidents", "_INBOX_notifier.anything"),
        ("incidents", "$JS.API.STREAM.CREATE.OTHER"),
        ("incidents", "$JS.API.STREAM.DELETE.INCIDENTS"),
        ("incidents", "$JS.API.STREAM.UPDATE.INCIDENTS"),
        ("incidents", "$JS.API.STREAM.PURGE.INCIDENTS"),
        ("incidents", "$JS.API.STREAM.MSG.DELETE.INCIDENTS"),
        ("incidents", "$JS.API.CONSUMER.DELETE.NOTIFIER.incidents-0"),
        ("incidents", "$JS.API.CONSUMER.MSG.NEXT.INCIDENTS.notifier-0"),
        ("notifier", f"incidents.school01.3.{CASE}"),
        ("notifier", "_INBOX_incidents.anything"),
        ("notifier", "$JS.API.STREAM.DELETE.INCIDENTS"),
        ("notifier", "$JS.API.STREAM.MSG.GET.INCIDENTS"),
        ("notifier", "$JS.API.CONSUMER.CREATE.INCIDENTS"),
        ("notifier", "$JS.ACK.NOTIFIER.incidents-0.1.1.1.1.0"),
        ("notifier", "$SYS.REQ.SERVER.PING"),
    ],
)
async def test_a_service_may_not_say_what_is_not_its_to_say(
    connect: Connect, name: str, subject: str
) -> None:
    user = await connect(name)
    await user.client.publish(subject, b"{}")
    [refusal] = await user.refused()
    # The client gives the server's words in lower case.
    assert f'publish to "{subject.lower()}"' in refusal


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("incidents", "notifier.>"),
        ("incidents", "_INBOX_notifier.>"),
        ("incidents", ">"),
        ("notifier", "incidents.>"),
        ("notifier", "requests.>"),
        ("notifier", "_INBOX_incidents.>"),
        ("notifier", "$SYS.>"),
    ],
)
async def test_a_service_may_not_hear_what_is_not_for_it(
    connect: Connect, name: str, subject: str
) -> None:
    user = await connect(name)
    await user.client.subscribe(subject)
    [refusal] = await user.refused()
    # The client gives the server's words in lower case.
    assert f'subscription to "{subject.lower()}"' in refusal


def test_without_a_key_nobody_gets_in(server: NatsServer) -> None:
    with socket.create_connection((LOOPBACK, server.port), timeout=5) as connection:
        connection.sendall(b"CONNECT {}\r\nPING\r\n")
        heard = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"-ERR 'Authorization Violation'" in heard
    assert b"PONG" not in heard


def test_the_seeds_are_readable_by_their_owner_only_and_are_kept(tmp_path: Path) -> None:
    first = broker_environment(tmp_path, 4222)
    modes = {(tmp_path / f"{user}.nk").stat().st_mode & 0o777 for user in USERS}
    assert modes == {0o600}
    assert broker_environment(tmp_path, 4222) == first
    assert len({first[f"NATS_{user.upper()}_NKEY"] for user in USERS}) == len(USERS)
