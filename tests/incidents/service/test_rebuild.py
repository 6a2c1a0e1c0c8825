"""The views built anew beside the live ones: the same, whole, and never in anybody's way."""

import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from durable import HeldElsewhere
from incidents.domain.assessment import StartAssessment
from incidents.domain.intake import AcknowledgeReport
from incidents.store import Store
from incidents.views import Entry, Filters, Views
from incidents.views.live import live_set
from incidents.views.rebuild import History, Rebuilt, Source, States, fingerprint, rebuild
from incidents.views.tables import SETS, TABLES, Set
from tests.support.office import Office


@pytest.fixture
def busy(place: str | None, tmp_path: Path) -> Iterator[Office]:
    """A school where things have happened, on either database."""
    office = Office(tmp_path / "var", database_url=place)
    for n in range(7):
        case = office.log(by="staff", on_school_account=n % 2 == 0)
        office.after(minutes=n)
        if n % 3 == 0:
            office.ask("slt", case, StartAssessment())
    office.follow()
    yield office
    office.close()


def built(office: Office, source: Source | None = None, *, compare: bool = True) -> Rebuilt:
    source = source or States()
    return rebuild(office.installation.views, office.installation.store, source, compare=compare)


def live(office: Office) -> Set:
    with office.installation.views.database.reading() as connection:
        return live_set(connection)[0]


def rows_in(office: Office, of: Set) -> int:
    with office.installation.views.database.reading() as connection:
        counts = (f"SELECT count(*) FROM {table}_{of}" for table in TABLES)
        return sum(connection.execute(count).fetchone()[0] for count in counts)


def listed(office: Office, who: str = "headteacher") -> list[str]:
    views, user = office.installation.views, office.users[who]
    return [line.case_id for line in views.cases(user, Filters(), office.now, None, 100).lines]


@pytest.mark.parametrize("source", [States(), History()], ids=["states", "history"])
def test_what_is_built_anew_is_the_same_byte_by_byte(busy: Office, source: Source) -> None:
    before, shown = live(busy), listed(busy)
    done = built(busy, source)
    assert (done.cases, done.same) == (7, True)
    assert done.position == busy.installation.store.head()
    assert live(busy) != before
    assert listed(busy) == shown
    assert rows_in(busy, before) == 0


def test_the_same_whichever_way_the_log_was_followed(busy: Office) -> None:
    """However it is cut into batches, and whatever of it comes twice."""
    views, store = busy.installation.views, busy.installation.store
    shuffled = random.Random(7)
    for case_id in listed(busy)[:3]:
        busy.ask("slt", UUID(case_id), AcknowledgeReport())
    log = store.log(0, 1000)
    for _ in range(30):
        start = shuffled.randrange(len(log))
        views.take(store, log[start : start + shuffled.randrange(1, 9)])
    busy.follow()
    assert built(busy, History()).same is True


def test_views_that_differ_are_told_of_and_replaced(busy: Office) -> None:
    shown, of = listed(busy), live(busy)
    with busy.installation.views.database.writing() as connection:
        connection.execute(f"DELETE FROM seen_{of} WHERE principal = 'role:headteacher'")
    assert listed(busy) == []
    assert built(busy).same is False
    assert listed(busy) == shown


class Interrupted(States):
    """Ends in the middle, as a killed process does."""

    def everything(self, store: Store) -> Iterator[list[Entry]]:
        entries = next(super().everything(store))
        yield entries[:3]
        raise KeyboardInterrupt


def test_what_ends_on_the_way_leaves_the_old_views(busy: Office) -> None:
    shown, of = listed(busy), live(busy)
    with pytest.raises(KeyboardInterrupt):
        built(busy, Interrupted())
    assert (live(busy), listed(busy)) == (of, shown)
    assert rows_in(busy, SETS[1 - SETS.index(of)]) > 0
    # The next attempt begins afresh.
    assert built(busy).same is True


class Meanwhile(States):
    """While the cases are gone through, the school goes on, and lists are asked for."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.seen: list[list[str]] = []

    def everything(self, store: Store) -> Iterator[list[Entry]]:
        (entries,) = [*super().everything(store)]
        yield entries[:4]
        self._office.log()
        self._office.follow()
        self.seen.append(listed(self._office))
        yield entries[4:]


def test_a_school_goes_on_meanwhile_and_readers_see_whole_lists(busy: Office) -> None:
    shown, watching = listed(busy), Meanwhile(busy)
    done = built(busy, watching)
    (during,) = watching.seen
    assert during[1:] == shown
    assert listed(busy) == during
    assert done.same is True


def test_a_program_that_looked_before_the_change_looks_into_the_new_views(
    busy: Office, tmp_path: Path
) -> None:
    other = Views(busy.installation.settings.place)
    reader = busy.users["headteacher"]
    shown = other.cases(reader, Filters(), busy.now, None, 100)
    built(busy)
    assert other.cases(reader, Filters(), busy.now, None, 100) == shown
    busy.log()
    store = busy.installation.store
    other.take(store, store.log(other.position(), 100))
    assert len(other.cases(reader, Filters(), busy.now, None, 100).lines) == 8
    other.close()


def test_one_at_a_time(busy: Office) -> None:
    views = busy.installation.views
    with views.database.alone("rebuild"), pytest.raises(HeldElsewhere):
        built(busy)


def test_twice_leads_back_to_the_first_tables(busy: Office) -> None:
    of = live(busy)
    before = fingerprint(busy.installation.views, of)
    built(busy)
    built(busy)
    assert (live(busy), fingerprint(busy.installation.views, of)) == (of, before)
