"""A small trust on real files: two schools, their people, and a clock that stands still."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, Final
from uuid import UUID

import httpx
from litestar import Litestar

from incidents.api.app import create_app
from incidents.config import Settings
from incidents.domain.facts import CaseId, SchoolId, UserId
from incidents.domain.registers.grants import REGISTER as GRANTS
from incidents.domain.registers.grants import GrantAccess, ProposeGrant
from incidents.domain.school import User
from incidents.domain.vocabulary import PEOPLES_ROLES, Role
from incidents.installation import Installation, open_installation

HERE: Final = SchoolId("demoschool01")
ELSEWHERE: Final = SchoolId("otherschool02")
FRIDAY: Final = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
_FILES: Final = Path(__file__).parents[3] / "deploy" / "school"

SECOND_TEACHER: Final = "second_teacher"
SECOND_DEPUTY: Final = "second_deputy"
OUTSIDER: Final = "outsider"
"""The headteacher of the other school."""
PEOPLE: Final[Mapping[str, tuple[SchoolId, Role]]] = {
    **{role.value: (HERE, role) for role in PEOPLES_ROLES},
    SECOND_TEACHER: (HERE, Role.STAFF),
    SECOND_DEPUTY: (HERE, Role.SLT),
    OUTSIDER: (ELSEWHERE, Role.HEADTEACHER),
}


class StandingClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = FRIDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass
class SchoolLife:
    """The installation with its people: ids and tokens by role."""

    installation: Installation
    clock: StandingClock
    users: dict[str, UserId] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def follow(self) -> None:
        """Let the views and the tree catch up with the log, as the worker does."""
        store, views = self.installation.store, self.installation.views
        while batch := store.log(views.position(), 500):
            views.take(store, batch)
        search = self.installation.search
        while batch := store.log(search.position(), 500):
            search.take(batch)
        self.installation.sequencer().catch_up()


@dataclass(frozen=True)
class Template:
    """A finished installation on disk: copying it is quicker than making it."""

    var: Path
    users: Mapping[str, UserId]
    tokens: Mapping[str, str]


def make_template(var: Path) -> Template:
    """Make two schools with everybody in them."""
    for school in (HERE, ELSEWHERE):
        copytree(_FILES, var / "schools" / school)
        file = var / "schools" / school / "school.toml"
        file.write_text(file.read_text().replace(HERE, school))
    life = SchoolLife(_open(var, StandingClock()), StandingClock())
    for name, (school, role) in PEOPLE.items():
        email = f"{name}@example.org"
        user = life.installation.users.add(school, f"The {name.replace('_', ' ')}", email, [role])
        life.users[name] = user
        life.tokens[name] = life.installation.users.issue_token(
            school, user, FRIDAY + timedelta(days=365)
        )
    let_in(life, "auditor")
    life.installation.close()
    return Template(var, life.users, life.tokens)


def let_in(life: SchoolLife, auditor: str, *cases: UUID, days: int = 365) -> UUID:
    """Grant an auditor these cases, or every one, as two people have to; return the grant."""
    registers = life.installation.registers
    wanted = ProposeGrant(
        auditor=life.users[auditor],
        cases=tuple(CaseId(case) for case in cases),
        until=life.clock.now + timedelta(days=days),
        purpose="The yearly audit.",
    )
    head, dpo = (
        User(id=life.users[name], school=HERE, roles=frozenset({Role(name)}))
        for name in ("headteacher", "dpo")
    )
    grant = registers.begin(head, GRANTS, wanted).entry.id
    registers.ask(dpo, GRANTS, grant, GrantAccess())
    return grant


def open_school(template: Template, var: Path, **settings: Any) -> SchoolLife:
    """Open a copy of the template under `var`."""
    copytree(template.var, var)
    clock = StandingClock()
    installation = _open(var, clock, **settings)
    return SchoolLife(installation, clock, dict(template.users), dict(template.tokens))


def _open(var: Path, clock: StandingClock, **settings: Any) -> Installation:
    return open_installation(Settings(var=var, school_dir=var / "schools", **settings), now=clock)


class Client:
    """Speaks to the real application as any of its people."""

    def __init__(self, life: SchoolLife, app: Litestar | None = None) -> None:
        self.life = life
        self.app = app or create_app(life.installation)
        self.http = httpx.AsyncClient(
            # Litestar's types for ASGI are narrower than httpx's.
            transport=httpx.ASGITransport(app=self.app),  # type: ignore[arg-type]
            base_url="http://school.example",
        )

    async def call(
        self,
        who: str | None,
        method: str,
        path: str,
        json: object | None = None,
        **options: Any,
    ) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.life.tokens[who]}"
        return await self.http.request(method, path, json=json, headers=headers, **options)

    async def get(self, who: str | None, path: str, **options: Any) -> httpx.Response:
        return await self.call(who, "GET", path, **options)

    async def report(self, who: str = "staff", **changes: Any) -> "CaseAt":
        """Log an incident and return where the case stands."""
        answer = await self.call(who, "POST", "/api/incidents", report(**changes))
        assert answer.status_code == 201, answer.text
        return CaseAt(self, UUID(answer.json()["case_id"]), answer.json()["version"])


@dataclass
class CaseAt:
    """A case and the version it was last seen at."""

    client: Client
    id: UUID
    version: int

    @property
    def path(self) -> str:
        return f"/api/cases/{self.id}"

    async def ask(
        self,
        who: str,
        command: str,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Send a command for the version last seen; remember the new one."""
        repeatable = {} if key is None else {"Idempotency-Key": key}
        answer = await self.client.call(
            who,
            "POST",
            f"{self.path}/{command}",
            dict(body or {}),
            headers={"If-Match": f'"{self.version}"', **repeatable},
        )
        if answer.is_success:
            self.version = answer.json()["version"]
        return answer

    async def done(self, who: str, command: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a command that has to succeed."""
        answer = await self.ask(who, command, body)
        assert answer.status_code == 200, answer.text
        return answer.json()


def report(**changes: Any) -> dict[str, Any]:
    """A parent's post about a teacher, as the class teacher reports it."""
    return {
        "kind": "abuse",
        "categories": ["offensive", "harassing"],
        "platform": "Facebook",
        "observed_at": "2026-11-20T16:30:00Z",
        "facts": "A post in a public group insults the class teacher.",
        "post_url": "https://social.example.com/post/1",
        "people": [
            {"part": "subject", "role": "parent", "name": "The parent"},
            {"part": "affected", "role": "staff", "name": "The class teacher"},
        ],
        **changes,
    }
