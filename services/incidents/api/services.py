"""What the API works with; the composition root fills it."""

from dataclasses import dataclass

from incidents.cases import Cases
from incidents.clock import Clock, NewId
from incidents.config import Settings
from incidents.evidence.checkpoint import CheckpointFolder
from incidents.evidence.tree import Tree
from incidents.reading import Reading
from incidents.store import Store
from incidents.users import Users
from incidents.views import Views


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one installation that answer requests. All may be shared between threads."""

    store: Store
    cases: Cases
    users: Users
    reading: Reading
    views: Views
    tree: Tree
    checkpoints: CheckpointFolder
    settings: Settings
    clock: Clock
    new_id: NewId
