"""The line to the broker, and what is said when it does not carry."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.broker import broker_environment
from deploy.ports import free_port
from notifier import broker as brokers
from notifier.broker import Broker, NoAnswer, TooLarge
from tests.notifier.other_side import OtherSide, Script
from tests.support.nats_server import NatsServer

NATS_CONF = Path(__file__).parents[2] / "deploy" / "nats.conf"
ASKING = "requests.incidents.recipients"


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    broker = await brokers.connect(nats_server.url)
    yield broker
    await broker.close()


async def test_nobody_there_is_no_answer(broker: Broker) -> None:
    with pytest.raises(NoAnswer, match="no responders"):
        await broker.request(ASKING, b"{}", 5)


async def test_somebody_who_does_not_speak_is_no_answer(
    broker: Broker, incidents: OtherSide, script: Script
) -> None:
    script.silent = True
    with pytest.raises(NoAnswer, match="timeout"):
        await broker.request(ASKING, b"{}", 0.1)


async def test_what_the_broker_does_not_carry_is_told_apart_from_silence(broker: Broker) -> None:
    with pytest.raises(TooLarge, match="3,000,000 bytes; raise max_payload"):
        await broker.request(ASKING, b"x" * 3_000_000, 5)


async def test_a_broker_that_goes_away_is_no_answer_and_comes_back(
    broker: Broker, incidents: OtherSide, nats_server: NatsServer
) -> None:
    nats_server.kill()
    with pytest.raises(NoAnswer):
        await broker.request(ASKING, b"{}", 0.2)
    nats_server.start()
    await broker.answered(lambda: incidents.broker.client.flush())
    question = b'{"audience": "reporter"}'
    answer = await broker.answered(lambda: broker.client.request(ASKING, question, 5))
    assert b"recipients" in answer.data


async def test_a_denied_permission_is_told_by_its_reason(tmp_path: Path) -> None:
    port = free_port()
    environment = broker_environment(tmp_path, port)
    with NatsServer(tmp_path, config=NATS_CONF, environment=environment, port=port) as server:
        broker = await brokers.connect(server.url, tmp_path / "notifier.nk")
        with pytest.raises(NoAnswer, match="permissions violation for publish"):
            await broker.request("incidents.oakfield01.0.case", b"{}", 0.5)
        assert broker.errors.total() == 1
        await broker.close()
        assert broker.closed.is_set()
