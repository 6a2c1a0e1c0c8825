"""The ledger, the outbox and the inbox: what is on the disk when a call returns."""

import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest

from durable import IntegrityError, Place, StoreUnavailable
from notifier.database import LedgerInUse, alone, first, found, open_ledger, read, written
from notifier.fates import Happening, State
from notifier.inbox import Arrival, Inbox, Standing
from notifier.ledger import Draft, Ledger, LetterRow, NewLetter, NoSuchMove, letter_id, outcome
from notifier.messages import LetterDrafted, LetterFailed, LetterSent, LetterUncertain
from notifier.outbox import Outbox, Told

CASE, OTHER_CASE = UUID(int=100), UUID(int=200)
DRAFT = Draft(
    media_type="application/pdf", document="d" * 64, data_hash="e" * 64, template_hash="f" * 64
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Books:
    """One ledger with its outbox and inbox."""

    def __init__(self, home: Place) -> None:
        self.clock = Clock()
        self.database = open_ledger(home)
        self.outbox = Outbox(self.database)
        self.inbox = Inbox(self.database)
        self.ledger = Ledger(self.database, self.outbox, self.clock)

    def add(self, *, case: UUID = CASE, alert: bool = False, form: str = "pdf") -> LetterRow:
        letter = self.letter(case, alert, form)
        self.ledger.add([letter])
        return self.row(letter.letter_id)

    def letter(self, case: UUID = CASE, alert: bool = False, form: str = "pdf") -> NewLetter:
        event_id = uuid4()
        code = "A1" if alert else "L2"
        return NewLetter(
            letter_id=letter_id(event_id, code, None),
            event_id=event_id,
            school="oakfield01",
            case_id=case,
            letter=code,
            is_alert=alert,
            form=form,
            audience="subject_parent",
            recipient_ref=None,
            not_after=self.clock() + timedelta(days=14),
        )

    def row(self, letter: UUID) -> LetterRow:
        row = self.ledger.letter(letter)
        assert row is not None
        return row

    def walk(self, row: LetterRow, *happenings: Happening) -> LetterRow:
        for happening in happenings:
            self.ledger.move(row.letter_id, happening)
        return self.row(row.letter_id)

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def books(home: Place) -> Iterator[Books]:
    books = Books(home)
    yield books
    books.close()


def test_a_letters_id_follows_from_its_event_and_recipient() -> None:
    event, person = uuid4(), uuid4()
    assert letter_id(event, "L2", person) == uuid5(event, f"L2:{person}")
    assert letter_id(event, "L19", None) == uuid5(event, "L19:-")


def test_the_same_letter_asked_for_twice_is_one_row(books: Books) -> None:
    row = books.walk(books.add(), Happening.WRITTEN)
    books.ledger.add([row])
    assert [found.state for found in books.ledger.letters()] == [State.QUEUED]


def test_a_move_that_the_table_does_not_have_is_refused_and_changes_nothing(books: Books) -> None:
    row = books.add()
    with pytest.raises(NoSuchMove, match="taken: not while it is new"):
        books.ledger.move(
            row.letter_id,
            Happening.TAKEN,
            tell=outcome(LetterSent, row, channel="email", message_id="<1@example.org>"),
        )
    assert books.row(row.letter_id) == row
    assert books.outbox.last_position() == 0
    with pytest.raises(NoSuchMove, match="unknown"):
        books.ledger.move(uuid4(), Happening.APPROVED)


def test_a_move_and_what_is_told_of_it_are_on_the_disk_together(books: Books, home: Place) -> None:
    row = books.add()
    tell = outcome(
        LetterDrafted,
        row,
        form=row.form,
        audience=row.audience,
        media_type=DRAFT.media_type,
        document=DRAFT.document,
        data_hash=DRAFT.data_hash,
        template_hash=DRAFT.template_hash,
        needs_approval=True,
    )
    books.ledger.move(row.letter_id, Happening.DRAFT_WRITTEN, draft=DRAFT, tell=tell)
    with closing(open_ledger(home)) as another:
        [row_there] = found(another, "SELECT state, document FROM letters")
        assert tuple(row_there) == ("drafted", "d" * 64)
        assert len(found(another, "SELECT * FROM outcomes")) == 1


def test_outcomes_keep_their_order_and_their_ids_are_those_of_the_letters_history(
    books: Books,
) -> None:
    row = books.walk(books.add(), Happening.WRITTEN, Happening.BODY_NEXT)
    for _ in range(2):
        books.ledger.move(
            row.letter_id, Happening.REPLY_LOST, tell=outcome(LetterUncertain, row, reason="r")
        )
        books.walk(row, Happening.FOUND_MISSING, Happening.BODY_NEXT)
    told = books.outbox.after(0)
    assert [one.position for one in told] == [1, 2]
    assert told[0].event_id == uuid5(row.letter_id, "notifier.letter_uncertain.v1 0")
    assert told[1].event_id == uuid5(row.letter_id, "notifier.letter_uncertain.v1 1")
    assert books.outbox.after(1) == told[1:]


def test_what_is_told_is_numbered_without_a_gap_even_when_something_was_undone(
    books: Books,
) -> None:
    rows = [books.add() for _ in range(3)]

    def fail(row: LetterRow) -> None:
        tell = outcome(LetterFailed, row, reason="refused")
        books.ledger.move(row.letter_id, Happening.NEVER, tell=tell)

    def fail_and_break() -> None:
        with books.database.writing():
            fail(rows[1])
            raise RuntimeError("the power goes")

    fail(rows[0])
    with pytest.raises(RuntimeError):
        fail_and_break()
    fail(rows[2])
    assert [told.position for told in books.outbox.after(0)] == [1, 2]
    assert books.outbox.last_position() == 2


def test_alerts_come_first_and_of_a_case_one_letter_and_one_alert_at_a_time(books: Books) -> None:
    letter, second = books.add(), books.add()
    elsewhere = books.add(case=OTHER_CASE)
    alert, second_alert = books.add(alert=True), books.add(alert=True)
    due = [row.number for row in books.ledger.due(10)]
    assert due == [alert.number, letter.number, elsewhere.number]
    books.walk(letter, Happening.WITHDRAWN)
    books.walk(alert, Happening.WITHDRAWN)
    due = [row.number for row in books.ledger.due(10)]
    assert due == [second_alert.number, second.number, elsewhere.number]


def test_a_letter_put_off_lets_the_next_one_pass_and_comes_back_in_time(books: Books) -> None:
    row = books.walk(books.add(), Happening.WRITTEN)
    again = books.clock() + timedelta(minutes=5)
    books.ledger.move(row.letter_id, Happening.NOT_NOW, next_at=again, failed_try=True)
    assert books.ledger.due(10) == []
    assert books.ledger.next_due() == again
    books.clock.pass_(minutes=5)
    [due] = books.ledger.due(10)
    assert (due.letter_id, due.failures) == (row.letter_id, 1)


def test_a_notice_is_written_here_and_never_sent(books: Books) -> None:
    notice = books.add(form="notice")
    assert len(books.ledger.due(10)) == 1
    books.walk(notice, Happening.DRAFT_WRITTEN, Happening.APPROVED)
    assert books.ledger.due(10) == []
    assert books.walk(notice, Happening.POSTED).state is State.ACCEPTED


def test_what_is_too_late_is_found_while_it_waits_for_us_and_not_for_a_person(books: Books) -> None:
    new, drafted, sending, done = (books.add() for _ in range(4))
    books.walk(drafted, Happening.DRAFT_WRITTEN)
    books.walk(sending, Happening.WRITTEN, Happening.BODY_NEXT)
    books.walk(done, Happening.WITHDRAWN)
    assert books.ledger.stale() == []
    books.clock.pass_(days=14)
    assert [row.number for row in books.ledger.stale()] == [new.number]


def test_silence_of_incidents_is_counted_until_it_answers(books: Books) -> None:
    row = books.add()
    for _ in range(3):
        books.ledger.ask_later(row.letter_id, books.clock() + timedelta(seconds=1), "no_answer")
    assert books.row(row.letter_id).silences == 3
    assert books.walk(row, Happening.WRITTEN).silences == 0


def test_a_copy_of_the_ledger_believes_what_was_told_after_it_was_made(books: Books) -> None:
    row = books.walk(books.add(), Happening.WRITTEN)
    told = Told(
        position=5,
        event_id=uuid4(),
        letter_id=row.letter_id,
        type="notifier.letter_sent.v1",
        time=books.clock(),
        data={},
    )
    books.ledger.believe(told)
    assert books.row(row.letter_id).state is State.ACCEPTED
    assert books.outbox.last_position() == 5


def test_a_letter_added_after_its_outcome_is_known_starts_where_it_ended(books: Books) -> None:
    event_id = uuid4()
    letter = letter_id(event_id, "L2", None)
    drafted = {
        "school": "oakfield01",
        "case_id": str(CASE),
        "letter_id": str(letter),
        "letter": "L2",
        "event_id": str(event_id),
        "form": "pdf",
        "audience": "subject_parent",
        "media_type": DRAFT.media_type,
        "document": DRAFT.document,
        "data_hash": DRAFT.data_hash,
        "template_hash": DRAFT.template_hash,
        "needs_approval": True,
    }
    books.ledger.believe(
        Told(
            position=1,
            event_id=uuid4(),
            letter_id=letter,
            type="notifier.letter_drafted.v1",
            time=books.clock(),
            data=drafted,
        )
    )
    again = NewLetter(
        letter_id=letter,
        event_id=event_id,
        school="oakfield01",
        case_id=CASE,
        letter="L2",
        is_alert=False,
        form="pdf",
        audience="subject_parent",
        recipient_ref=None,
        not_after=books.clock() + timedelta(days=1),
    )
    books.ledger.add([again])
    row = books.row(letter)
    assert (row.state, row.document) == (State.DRAFTED, DRAFT.document)


# ── the inbox ─────────────────────────────────────────────────────────────────────────────────────


def arrival(case: UUID | None = CASE) -> Arrival:
    return Arrival(event_id=uuid4(), case_id=case, type="incidents.noted.v1", message=b"{}")


def test_a_held_event_holds_up_its_case_and_no_other(books: Books) -> None:
    first, second, other = arrival(), arrival(), arrival(OTHER_CASE)
    now = books.clock()
    books.inbox.hold(first, now, next_at=now, reason="no-answer")
    assert books.inbox.standing(uuid4(), CASE)[1]
    assert not books.inbox.standing(uuid4(), OTHER_CASE)[1]
    assert not books.inbox.standing(uuid4(), None)[1]
    books.inbox.hold(second, now, next_at=now, reason="behind-another")
    books.inbox.done(other, now)
    assert [waiting.event_id for waiting in books.inbox.due(now)] == [first.event_id]
    books.inbox.done(first, now)
    assert [waiting.event_id for waiting in books.inbox.due(now)] == [second.event_id]
    books.inbox.done(second, now)
    assert not books.inbox.standing(uuid4(), CASE)[1]


def test_a_dead_event_keeps_its_case_waiting_until_somebody_acts(books: Books) -> None:
    dead, behind = arrival(), arrival()
    now = books.clock()
    books.inbox.give_up(dead, now, "schema")
    books.inbox.hold(behind, now, next_at=now, reason="behind-another")
    assert books.inbox.due(now) == []
    assert [w.state for w in books.inbox.waiting()] == [Standing.DEAD, Standing.HELD]
    assert books.inbox.try_again(dead.event_id, now)
    assert [waiting.event_id for waiting in books.inbox.due(now)] == [dead.event_id]
    books.inbox.give_up(dead, now, "schema")
    assert books.inbox.skip(dead.event_id)
    assert [waiting.event_id for waiting in books.inbox.due(now)] == [behind.event_id]
    assert not books.inbox.skip(behind.event_id)
    assert not books.inbox.try_again(uuid4(), now)


def test_waiting_is_no_failed_try(books: Books) -> None:
    one, now = arrival(), books.clock()
    books.inbox.hold(one, now, next_at=now, reason="no-answer")
    books.inbox.hold(one, now, next_at=now, reason="no-answer")
    books.inbox.hold(one, now, next_at=now, reason="fault", failed_try=True)
    [waiting] = books.inbox.waiting()
    assert (waiting.tries, waiting.reason) == (1, "fault")


def test_the_message_of_an_event_that_is_done_is_kept_no_longer(books: Books) -> None:
    one, now = arrival(), books.clock()
    books.inbox.hold(one, now, next_at=now + timedelta(hours=1), reason="no-answer")
    assert books.inbox.next_due(now) == now + timedelta(hours=1)
    books.inbox.done(one, now)
    assert books.inbox.standing(one.event_id, CASE)[0] is Standing.DONE
    [row] = found(books.database, "SELECT message, next_at, reason FROM inbox")
    assert tuple(row) == (None, None, None)


def test_a_place_in_the_stream_only_moves_on(books: Books) -> None:
    assert books.inbox.place(3) == 0
    books.inbox.reached(3, 40)
    books.inbox.reached(3, 12)
    assert (books.inbox.place(3), books.inbox.place(4)) == (40, 0)
    books.inbox.forget_places()
    assert books.inbox.place(3) == 0


# ── the file ──────────────────────────────────────────────────────────────────────────────────────


def test_an_inbox_row_and_its_letters_are_kept_together_or_not_at_all(books: Books) -> None:
    one = arrival()

    def take_in_and_break() -> None:
        with books.database.writing():
            books.inbox.done(one, books.clock())
            books.ledger.add([books.letter()])
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        take_in_and_break()
    assert books.inbox.standing(one.event_id, CASE)[0] is None
    assert books.ledger.letters() == []


def test_only_one_notifier_works_with_a_ledger(home: Place) -> None:
    with closing(open_ledger(home)) as one, closing(open_ledger(home)) as other:
        with alone(one) as hold:
            with pytest.raises(LedgerInUse, match="Stop it first"), alone(other):
                pytest.fail("two at once")
            hold.check()
        with alone(other):
            pass


def test_the_file_is_for_its_owner_only_and_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    with closing(open_ledger(Place(tmp_path / "var"))) as database:
        mode = (tmp_path / "var" / "notifier.db").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        settings = [
            first(database, f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous")
        ]
        assert settings == ["wal", 2]


def test_a_full_disk_is_told_by_its_name_and_leaves_nothing_behind(tmp_path: Path) -> None:
    books = Books(Place(tmp_path))
    with books.database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    big = Arrival(event_id=uuid4(), case_id=CASE, type="incidents.noted.v1", message=b"x" * 10**6)
    with pytest.raises(StoreUnavailable, match="full"):
        books.inbox.give_up(big, books.clock(), "too big")
    assert books.inbox.standing(big.event_id, CASE) == (None, False)
    with books.database.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    books.inbox.give_up(big, books.clock(), "too big")
    assert books.inbox.standing(big.event_id, CASE) == (Standing.DEAD, True)
    books.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="another with VAR"):
        open_ledger(Place(tmp_path / "file" / "var"))


def test_an_outcome_stays(tmp_path: Path) -> None:
    books = Books(Place(tmp_path))
    row = books.add()
    tell = outcome(LetterFailed, row, reason="refused")
    books.ledger.move(row.letter_id, Happening.NEVER, tell=tell)
    with pytest.raises(IntegrityError, match="stays"), books.database.writing() as connection:
        connection.execute("DELETE FROM outcomes")
    assert books.outbox.last_position() == 1
    books.close()


def test_moments_are_kept_so_that_text_order_is_time_order() -> None:
    moment = datetime(2026, 10, 25, 0, 59, 59, 5, tzinfo=UTC)
    assert written(moment) == "2026-10-25T00:59:59.000005Z"
    assert read(written(moment)) == moment
    london = moment.astimezone(datetime.fromisoformat("2026-01-01T00:00+01:00").tzinfo)
    assert written(london) == written(moment)


COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(?)",
    "postgresql": "SELECT column_name FROM information_schema.columns WHERE table_name = ?",
}


def test_the_tables_have_no_column_for_a_name_an_address_or_a_text(books: Books) -> None:
    query = COLUMNS[books.database.dialect]
    tables = ("inbox", "letters", "outcomes", "places")
    columns = {name for table in tables for (name,) in found(books.database, query, table)}
    assert {"message", "letter_id", "data", "sequence"} <= columns
    personal = {
        "name",
        "email",
        "address",
        "to",
        "subject",
        "text",
        "body",
        "content",
        "salutation",
    }
    assert columns.isdisjoint(personal)
