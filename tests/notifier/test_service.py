"""The whole notifier over a real broker and a real mail server: from an event to its outcomes."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from deploy.broker import broker_environment
from deploy.ports import free_port
from incidents import broker as brokers
from incidents.broker import INCIDENTS, PARTITIONS, set_up
from incidents.relay import partition
from notifier.config import Settings
from notifier.consumer import LedgerBehind
from notifier.database import SCHEMA, LedgerInUse, first, open_ledger
from notifier.inbox import Inbox, Waiting
from notifier.outbox import Outbox
from notifier.service import run
from tests.notifier.conftest import migrated
from tests.notifier.other_side import (
    ONE_PERSON,
    PERSONAL,
    SLT,
    OtherSide,
    Script,
    event,
    kinds,
    letter_of,
)
from tests.notifier.running import closed, notifying, soon
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

NATS_CONF: Final = Path(__file__).parents[2] / "deploy" / "nats.conf"
Message = dict[str, Any]


def waiting(settings: Settings) -> list[Waiting]:
    with closing(open_ledger(settings.place)) as database:
        return Inbox(database).waiting()


def lose(settings: Settings) -> None:
    """Take the ledger away, and put an empty one in its place."""
    if settings.place.in_files:
        for path in settings.var.glob("notifier.db*"):
            path.unlink()
        return
    database = settings.place.open(SCHEMA)
    with database.writing() as connection:
        connection.execute("DROP SCHEMA caseward_notifier CASCADE")
    database.close()
    migrated(settings.place)


def beside(case: UUID, *, same_partition: bool) -> UUID:
    """Another case, in the same partition or in another one."""
    while partition(other := uuid4()) != partition(case) if same_partition else False:
        pass
    return other


async def test_a_report_alerts_each_senior_leader_and_thanks_the_reporter(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    message = event(uuid4(), "incident_logged")
    async with notifying(settings):
        await incidents.publish(message)
        told = await incidents.outcomes(4)
    for person in SLT:
        assert kinds(told, letter_of(message, "A1", person)) == ["letter_sent"]
    reporter = letter_of(message, "L1", ONE_PERSON)
    assert kinds(told, reporter) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 3


async def test_a_letter_is_sent_when_the_case_says_so(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    invited = event(case, "meeting_invited", person=ONE_PERSON)
    letter = letter_of(invited, "L2", ONE_PERSON)
    async with notifying(settings):
        await incidents.publish(invited)
        [drafted] = await incidents.outcomes(1)
        document = drafted["data"]["document"]
        await incidents.publish(event(case, "letter_approved", letter_id=letter, document=document))
        told = await incidents.outcomes(2)
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 1


async def test_an_approval_of_another_document_sends_nothing(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    invited = event(case, "meeting_invited", person=ONE_PERSON)
    letter = letter_of(invited, "L2", ONE_PERSON)
    async with notifying(settings):
        await incidents.publish(invited)
        await incidents.outcomes(1)
        await incidents.publish(event(case, "letter_approved", letter_id=letter, document="0" * 64))
        await soon(lambda: waiting(settings))
    [dead] = waiting(settings)
    assert dead.reason == "approves-another-document"
    assert smtp_server.attempts == 0


async def test_a_withdrawn_letter_is_not_sent_and_the_next_one_is(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    invited = event(case, "meeting_invited", person=ONE_PERSON)
    letter = letter_of(invited, "L2", ONE_PERSON)
    message, farewell = closed(case)
    async with notifying(settings):
        await incidents.publish(invited)
        [drafted] = await incidents.outcomes(1)
        document = drafted["data"]["document"]
        await incidents.publish(event(case, "letter_withdrawn", letter_id=letter))
        await incidents.publish(event(case, "letter_approved", letter_id=letter, document=document))
        await incidents.publish(message)
        told = await incidents.outcomes(3)
    assert kinds(told, letter) == ["letter_drafted"]
    assert kinds(told, farewell) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 1


async def test_an_uncertain_letter_goes_again_once_somebody_has_found_it_missing(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    message, letter = closed(case)
    smtp_server.drop_after_data(kept=False)
    async with notifying(settings):
        await incidents.publish(message)
        assert kinds(await incidents.outcomes(2), letter)[-1] == "letter_uncertain"
        await incidents.publish(event(case, "letter_resolved", letter_id=letter, delivered=False))
        told = await incidents.outcomes(3)
    assert kinds(told, letter) == ["letter_drafted", "letter_uncertain", "letter_sent"]
    assert len(smtp_server.mails) == 1


async def test_a_notice_is_done_once_somebody_has_posted_it(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    acted = event(case, "moderation_action_taken", action="hide")
    notice = letter_of(acted, "L13", None)
    async with notifying(settings):
        await incidents.publish(acted)
        [drafted] = await incidents.outcomes(1)
        document = drafted["data"]["document"]
        await incidents.publish(event(case, "letter_approved", letter_id=notice, document=document))
        await incidents.publish(event(case, "audience_informed", letter_id=notice))
        await soon(lambda: state_of(settings, notice) == "accepted")
    assert smtp_server.attempts == 0


def state_of(settings: Settings, letter: UUID) -> str | None:
    with closing(open_ledger(settings.place)) as database:
        row = first(database, "SELECT state FROM letters WHERE letter_id = ?", str(letter))
        return row[0] if row else None


async def test_the_same_event_delivered_again_and_again_sends_one_letter(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    message, letter = closed(uuid4())
    async with notifying(settings):
        for _ in range(4):
            await incidents.publish(message)
            await asyncio.sleep(0.15)  # the broker's own window against repeats passes
        await soon(lambda: len(smtp_server.mails) == 1)
    async with notifying(settings):
        await incidents.publish(message)
        after, _ = closed(uuid4())
        await incidents.publish(after)
        told = await incidents.outcomes(4)
    assert (await incidents.broker.jetstream.stream_info(INCIDENTS)).state.messages >= 5
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 2


async def test_unknown_events_and_unknown_fields_are_passed_over(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    message, letter = closed(case)
    message["data"]["something_new"] = {"deep": [1]}
    message["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with notifying(settings):
        await incidents.publish(event(case, "weather_changed"))
        await incidents.publish(message)
        assert kinds(await incidents.outcomes(2), letter)[-1] == "letter_sent"
    assert await incidents.unread() == 0


def without_version(message: Message) -> None:
    del message["data"]["version"]


def of_another_case(message: Message) -> None:
    message["data"]["case_id"] = str(uuid4())


def without_time(message: Message) -> None:
    message["time"] = "yesterday"


def with_words_for_a_number(message: Message) -> None:
    message["data"]["position"] = "first"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_version, "schema"),
        (of_another_case, "disagrees-with-its-subject"),
        (without_time, "no-envelope"),
        (with_words_for_a_number, "schema"),
    ],
)
async def test_a_poisoned_event_holds_up_its_own_case_and_no_other(
    settings: Settings,
    incidents: OtherSide,
    smtp_server: SmtpServer,
    spoil: Callable[[Message], None],
    reason: str,
) -> None:
    case = uuid4()
    neighbour = beside(case, same_partition=True)
    poisoned, _ = closed(case)
    spoil(poisoned)
    behind, letter_behind = closed(case)
    other, letter_elsewhere = closed(neighbour)
    async with notifying(settings):
        await incidents.publish_raw(json.dumps(poisoned).encode(), case, poisoned["id"])
        await incidents.publish(behind)
        await incidents.publish(other)
        told = await incidents.outcomes(2)
        assert kinds(told, letter_elsewhere) == ["letter_drafted", "letter_sent"]
        await soon(lambda: len(waiting(settings)) == 2)
        dead, held = waiting(settings)
        assert (dead.state, held.state) == ("dead", "held")
        assert (dead.reason or "").startswith(reason)
        with closing(open_ledger(settings.place)) as database:
            assert Inbox(database).skip(dead.event_id)
        told = await incidents.outcomes(4)
    assert kinds(told, letter_behind) == ["letter_drafted", "letter_sent"]
    assert waiting(settings) == []
    assert await incidents.unread() == 0


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"[]", b'{"id": 1}', b'{"id": "x", "type": 3}'])
async def test_bytes_that_are_no_event_are_set_aside(
    settings: Settings, incidents: OtherSide, body: bytes
) -> None:
    async with notifying(settings):
        await incidents.publish_raw(body, uuid4())
        await soon(lambda: waiting(settings))
    [dead] = waiting(settings)
    assert (dead.state, dead.reason, dead.message) == ("dead", "unreadable", body)
    assert await incidents.unread() == 0


async def test_while_incidents_is_silent_events_are_held_in_order_and_then_all_dealt_with(
    settings: Settings, incidents: OtherSide, script: Script, smtp_server: SmtpServer
) -> None:
    case = uuid4()
    messages = [closed(case) for _ in range(3)] + [closed(uuid4()) for _ in range(3)]
    await incidents.fall_silent()
    async with notifying(settings):
        for message, _ in messages:
            await incidents.publish(message)
        await soon(lambda: len(waiting(settings)) == 6)
        await incidents.answer()
        told = await incidents.outcomes(12)
    order = [UUID(mail.message["Message-ID"][1:37]) for mail in smtp_server.mails]
    letters = [letter for _, letter in messages]
    assert [letter for letter in order if letter in letters[:3]] == letters[:3]
    assert sorted(order) == sorted(letters)
    assert all(kinds(told, one) == ["letter_drafted", "letter_sent"] for one in letters)


async def test_an_alert_that_reaches_nobody_is_told(
    settings: Settings, incidents: OtherSide, script: Script, smtp_server: SmtpServer
) -> None:
    script.people = {"slt_pool": [], "reporter": []}
    message = event(uuid4(), "incident_logged")
    async with notifying(settings):
        await incidents.publish(message)
        told = await incidents.outcomes(1)
    assert kinds(told, letter_of(message, "A1", None)) == ["letter_failed"]
    assert told[0]["data"]["reason"] == "nobody"
    assert smtp_server.attempts == 0


async def test_a_letter_for_which_incidents_names_nobody_is_told_with_its_reason(
    settings: Settings, incidents: OtherSide, script: Script
) -> None:
    script.refusals["recipients"] = "event_names_nobody"
    message, _ = closed(uuid4())
    async with notifying(settings):
        await incidents.publish(message)
        told = await incidents.outcomes(1)
    assert kinds(told, letter_of(message, "L31", None)) == ["letter_failed"]
    assert told[0]["data"]["reason"] == "event_names_nobody"


async def test_an_event_read_long_after_it_happened_posts_nothing(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    message = event(uuid4(), "case_closed", at=datetime.now(UTC) - timedelta(days=30))
    async with notifying(settings):
        await incidents.publish(message)
        told = await incidents.outcomes(1)
    assert told[0]["data"]["reason"] == "too_late"
    assert smtp_server.attempts == 0


async def test_a_broker_killed_and_started_again_costs_nothing(
    settings: Settings, incidents: OtherSide, nats_server: NatsServer, smtp_server: SmtpServer
) -> None:
    messages = [closed(uuid4()) for _ in range(30)]
    async with notifying(settings):
        for turn in range(3):
            for message, _ in messages[turn * 10 : turn * 10 + 10]:
                await incidents.publish(message)
            await asyncio.to_thread(nats_server.kill)
            await asyncio.to_thread(nats_server.start)
        told = await incidents.outcomes(60)
    for _, letter in messages:
        assert kinds(told, letter) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 30
    assert [one["data"]["position"] for one in told] == list(range(1, 61))


async def test_nothing_personal_is_at_rest_anywhere_but_in_the_mails(
    settings: Settings,
    incidents: OtherSide,
    script: Script,
    smtp_server: SmtpServer,
    nats_server: NatsServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    script.facts_changed = {"facts": "She wrote: useless and a liar"}
    smtp_server.refuse_recipient("550 5.1.1 parent.7@example.org is unknown here")
    case = uuid4()
    referred = event(case, "referral_made", agency="police", referral=uuid4())
    letter = letter_of(referred, "L19", None)
    message, _ = closed(case)
    async with notifying(settings):
        await incidents.publish(referred)
        [drafted] = await incidents.outcomes(1)
        document = drafted["data"]["document"]
        await incidents.publish(event(case, "letter_approved", letter_id=letter, document=document))
        await incidents.publish(message)
        await incidents.outcomes(4)
    [mail] = smtp_server.mails
    assert b"parent." in mail.content
    files = [path for path in settings.var.rglob("*") if path.is_file()]
    files += [path for path in nats_server.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".blk" for path in files)
    for path in files:
        for words in PERSONAL:
            assert words.encode() not in path.read_bytes(), path
    assert not any(words in caplog.text for words in PERSONAL)


async def test_it_gets_by_with_the_permissions_of_its_own_key(
    tmp_path: Path, contract: Path, smtp_server: SmtpServer, script: Script
) -> None:
    folder, port = tmp_path / "nats", free_port()
    folder.mkdir()
    environment = broker_environment(folder, port)
    with NatsServer(folder, config=NATS_CONF, environment=environment, port=port) as server:
        admin = await brokers.connect(server.url, name="admin", nkey_seed_file=folder / "admin.nk")
        await set_up(admin.jetstream)
        await admin.close()
        seed = folder / "incidents.nk"
        broker = await brokers.connect(server.url, name="incidents", nkey_seed_file=seed)
        incidents = OtherSide(broker, script)
        await incidents.answer()
        settings = Settings(
            var=tmp_path / "var",
            nats_url=server.url,
            nats_nkey_seed_file=folder / "notifier.nk",
            smtp_url=smtp_server.url,
            schemas_dir=contract,
        )
        async with notifying(settings):
            await incidents.publish(event(uuid4(), "incident_logged"))
            await soon(lambda: told(settings) == 4)
        await incidents.close()
        assert "Violation" not in server.log
    assert len(smtp_server.mails) == 3


def told(settings: Settings) -> int:
    """How many outcomes there are."""
    with closing(open_ledger(settings.place)) as database:
        return Outbox(database).last_position()


async def test_two_notifiers_do_not_work_with_one_ledger(
    settings: Settings, incidents: OtherSide
) -> None:
    message, _ = closed(uuid4())
    async with notifying(settings):
        await incidents.publish(message)
        await incidents.outcomes(2)
        with pytest.raises(LedgerInUse):
            await run(settings, asyncio.Event())


async def test_a_ledger_from_an_old_copy_does_not_pretend_to_know_what_was_acknowledged(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    message, _ = closed(uuid4())
    async with notifying(settings):
        await incidents.publish(message)
        await incidents.outcomes(2)
    lose(settings)
    with pytest.raises(LedgerBehind, match="set the broker up again"):
        await run(settings, asyncio.Event())
    assert len(smtp_server.mails) == 1


async def test_a_lost_ledger_is_built_again_from_the_streams_and_no_letter_goes_twice(
    settings: Settings, incidents: OtherSide, smtp_server: SmtpServer
) -> None:
    first, letter = closed(uuid4())
    async with notifying(settings):
        await incidents.publish(first)
        await incidents.outcomes(2)
    lose(settings)
    await again_from_the_beginning(incidents)
    second, later = closed(uuid4())
    async with notifying(settings):
        await incidents.publish(second)
        told = await incidents.outcomes(4)
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]
    assert kinds(told, later) == ["letter_drafted", "letter_sent"]
    assert len(smtp_server.mails) == 2


async def again_from_the_beginning(incidents: OtherSide) -> None:
    """What an administrator does after a restore: the consumers are made anew."""
    for number in range(PARTITIONS):
        await incidents.broker.jetstream.delete_consumer(INCIDENTS, f"notifier-{number}")
    await set_up(incidents.broker.jetstream, duplicate_window=0.1)


async def test_a_broker_that_is_not_there_yet_is_waited_for(
    settings: Settings, nats_server: NatsServer, smtp_server: SmtpServer, script: Script
) -> None:
    nats_server.stop()
    async with notifying(settings):
        await soon(settings.var.exists)
        await asyncio.to_thread(nats_server.start)
        incidents = await OtherSide.open(nats_server.url, script)
        message, letter = closed(uuid4())
        await incidents.publish(message)
        told = await incidents.outcomes(2)
        await incidents.close()
    assert kinds(told, letter) == ["letter_drafted", "letter_sent"]
