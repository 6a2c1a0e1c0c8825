"""An installation put together: every part, made once, from its settings.

The one place that knows how the parts fit. What is built here is what the programs and the tests
run; a test hands in its own clock, ids and chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from durable import Schema
from incidents import clock
from incidents.access_record import AccessRecord
from incidents.cases import Cases
from incidents.clock import Clock, NewId, Random
from incidents.config import Settings
from incidents.domain import access_record, case, registers, users
from incidents.domain.facts import Event, SchoolId
from incidents.evidence.checkpoint import CheckpointFolder, SigningKey
from incidents.evidence.sequencer import Sequencer
from incidents.evidence.tree import TREE, Tree
from incidents.followers import FOLLOWERS, Followers
from incidents.letters.lookup import Lookup
from incidents.reading import Reading
from incidents.registers import Registers
from incidents.school_files import SchoolFiles, load_all
from incidents.search import SEARCH, Search
from incidents.statistics import STATISTICS, Statistics
from incidents.store import Store, Upcaster, open_store
from incidents.store.keys import KEYS
from incidents.store.tables import LOG
from incidents.timekeeper import Timekeeper
from incidents.users import Users
from incidents.views import VIEWS, Views

EVENTS: Final[Mapping[str, type[Event]]] = {
    **case.EVENTS,
    **users.EVENTS,
    **registers.EVENTS,
    **access_record.EVENTS,
}
"""Every kind of event that may lie in the log, by its stored topic."""
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
"""By topic and schema, the step that turns a stored payload of that schema into the next one's.

Whoever reads the log goes through them: the store, and the checks of `verify`."""

SCHEMAS: Final[tuple[Schema, ...]] = (LOG, KEYS, TREE, VIEWS, SEARCH, FOLLOWERS, STATISTICS)
"""Every schema of this service: what `migrate` makes, and `move` takes along or makes anew."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts that every program of an installation shares."""

    settings: Settings
    clock: Clock
    new_id: NewId
    random: Random
    schools: Mapping[SchoolId, SchoolFiles]
    store: Store
    users: Users
    cases: Cases
    reading: Reading
    registers: Registers
    access_record: AccessRecord
    views: Views
    search: Search
    tree: Tree
    checkpoints: CheckpointFolder
    followers: Followers
    statistics: Statistics

    def lookup(self) -> Lookup:
        return Lookup(self.cases)

    def timekeeper(self) -> Timekeeper:
        return Timekeeper(self.cases, self.registers, self.views, self.clock)

    def sequencer(self) -> Sequencer:
        """The only part that holds the signing key. Raises `KeyUnusable`."""
        key = SigningKey.load_or_create(self.settings.var / "keys" / "checkpoint.key")
        return Sequencer(self.store, self.tree, self.checkpoints, key)

    def close(self) -> None:
        self.statistics.close()
        self.followers.close()
        self.tree.close()
        self.search.close()
        self.views.close()
        self.store.close()


def open_installation(
    settings: Settings,
    *,
    now: Clock = clock.now,
    new_id: NewId = clock.time_ordered_id,
    random: Random = clock.chance,
) -> Installation:
    """Open everything under `settings.var`, made there if it is absent.

    Raises `BadSchoolFile`, `MasterKeyUnusable` and `StoreUnavailable`, each saying what to do.
    """
    schools = load_all(settings.school_dir)
    store = open_store(settings.place, events=EVENTS, upcasters=UPCASTERS, random=random)
    people = Users(store, now, new_id, random)
    cases = Cases(store, people, schools, now, new_id, random)
    reading = Reading(cases)
    return Installation(
        settings=settings,
        clock=now,
        new_id=new_id,
        random=random,
        schools=schools,
        store=store,
        users=people,
        cases=cases,
        reading=reading,
        registers=Registers(cases),
        access_record=AccessRecord(cases, now),
        views=Views(settings.place),
        search=Search(settings.place, cases, reading),
        tree=Tree(settings.place),
        checkpoints=CheckpointFolder(settings.var / "checkpoints"),
        followers=Followers(settings.place),
        statistics=Statistics(
            settings.place, {id_: school.calendar for id_, school in schools.items()}
        ),
    )
