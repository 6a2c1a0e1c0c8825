"""The acts in FastAPI and SQLAlchemy, the way their documentation teaches.

Sessions in plain functions, which FastAPI runs in its threads; a pool with a connection for each of
them; one transaction per request; models and bodies declared. On SQLite: write-ahead log, every
commit synchronous, and BEGIN IMMEDIATE for what writes (SQLAlchemy's own recipe), because a reader
that becomes a writer would be refused whenever somebody else was quicker.

Reads DATABASE_URL, otherwise `peer.db` below VAR; THREADS.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import (
    JSON,
    Engine,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    create_engine,
    event,
    exists,
    or_,
    select,
)
from sqlalchemy import DateTime as _DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, load_only, mapped_column

from incidents.domain.vocabulary import (
    Category,
    Flag,
    Kind,
    Part,
    PersonRole,
    PosterIdentity,
    Source,
)
from tests.bench.peers import casework
from tests.bench.peers.casework import SignedIn

THREADS: Final = int(os.environ.get("THREADS", "40"))

# ── models ────────────────────────────────────────────────────────────────────────────────────────


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - as SQLAlchemy asks for it
        datetime: _DateTime(timezone=True),
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
    }


class User(Base):
    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    school: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(500))
    roles: Mapped[list[str]]


class Token(Base):
    __tablename__ = "tokens"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    revoked: Mapped[bool] = mapped_column(default=False)


class Case(Base):
    __tablename__ = "cases"
    __table_args__ = (
        Index("newest", "school", "reported_at", "id"),
        Index("newest_of", "reporter_id", "reported_at", "id"),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    school: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    version: Mapped[int] = mapped_column()
    stage: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(40))
    severity: Mapped[int | None]
    reporter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    lead_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reported_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    next_due_at: Mapped[datetime | None]
    state: Mapped[dict[str, Any]]
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as SQLAlchemy asks for it


class CasePerson(Base):
    __tablename__ = "case_people"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(500))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"), index=True)


class AuditEntry(Base):
    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("case_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[int]
    action: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


# ── bodies and answers ────────────────────────────────────────────────────────────────────────────

Words = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
Line = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$"
    ),
]
Platform = Annotated[Line, StringConstraints(max_length=60)]
Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s/$.?#][^\s]*$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonInIncident(Strict):
    part: Part
    role: PersonRole
    name: Line | None = None
    user: uuid.UUID | None = None


class LogIncident(Strict):
    kind: Kind
    categories: Annotated[list[Category], Field(min_length=1, max_length=10)]
    platform: Platform
    observed_at: AwareDatetime
    facts: Words
    source: Source = Source.SEEN
    poster_identity: PosterIdentity = PosterIdentity.UNKNOWN
    on_school_account: bool = False
    suspected_illegal: bool = False
    post_url: Url | None = None
    posted_at: AwareDatetime | None = None
    opinion: Words | None = None
    child_words: Words | None = None
    immediate_action: Words | None = None
    flags: Annotated[list[Flag], Field(max_length=10)] = []
    people: Annotated[list[PersonInIncident], Field(max_length=30)] = []


class StartAssessment(Strict):
    pass


class Logged(BaseModel):
    case_id: uuid.UUID
    reference: str
    version: int


class Recorded(BaseModel):
    case_id: uuid.UUID
    stage: str
    version: int


class CaseLine(BaseModel):
    case_id: uuid.UUID
    reference: str
    version: int
    stage: str
    kind: str
    severity: int | None
    lead: uuid.UUID | None
    reported_at: datetime
    updated_at: datetime
    next_due_at: datetime | None
    overdue: bool


class CaseList(BaseModel):
    cases: list[CaseLine]
    next: str | None


class Offer(BaseModel):
    command: str
    track: str
    href: str
    possible: bool
    reasons: list[dict[str, str]]


class CaseAnswer(BaseModel):
    case_id: uuid.UUID
    reference: str
    version: int
    stage: str
    kind: str
    severity: int | None
    reporter: uuid.UUID
    lead: uuid.UUID | None
    reported_at: datetime
    updated_at: datetime
    state: dict[str, Any]
    actions: list[Offer]


# ── the database ──────────────────────────────────────────────────────────────────────────────────


def connect() -> Engine:
    """Return the engine: a connection for every thread, kept open."""
    address = os.environ.get("DATABASE_URL", "")
    if address:
        return create_engine(
            address.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=THREADS,
            max_overflow=0,
        )
    file = Path(os.environ.get("VAR", "var")) / "peer.db"
    engine = create_engine(f"sqlite:///{file}", pool_size=THREADS, max_overflow=0)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 20000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Any) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


engine = connect()
to_write = engine.execution_options(writes=True)

# ── who asks ──────────────────────────────────────────────────────────────────────────────────────

bearer = HTTPBearer()


def signed_in(shown: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> SignedIn:
    """Return whose token this is."""
    with Session(engine) as session:
        user = session.scalar(
            select(User)
            .join(Token, Token.user_id == User.id)
            .where(
                Token.digest == casework.digest(shown.credentials),
                Token.expires_at > datetime.now(UTC),
                Token.revoked.is_(False),
            )
        )
        if user is None:
            raise HTTPException(401, "Sign in: this token is nobody's.")
        return SignedIn(user.id, user.school, frozenset(user.roles))


CurrentUser = Annotated[SignedIn, Depends(signed_in)]

# ── the acts ──────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
    engine.dispose()


app = FastAPI(lifespan=_lifespan)


@app.post("/api/incidents", status_code=201)
def log_incident(report: LogIncident, user: CurrentUser, response: Response) -> Logged:
    """Begin a case, with the first entry of its audit."""
    role = casework.may_report(user)
    if role is None:
        raise HTTPException(403, "Your roles may not report.")
    now = datetime.now(UTC)
    if casework.lie_ahead(now, (report.observed_at, report.posted_at)):
        raise HTTPException(422, "A time in the report lies in the future.")
    with Session(to_write) as session, session.begin():
        _refuse_strangers(session, user, report)
        case = new_case(report, user, now)
        session.add(case)
        session.flush()
        session.add_all(
            CasePerson(
                id=uuid.uuid4(),
                case_id=case.id,
                part=person.part,
                role=person.role,
                name=person.name,
                user_id=person.user,
            )
            for person in report.people
        )
        after = {"version": 1, "stage": case.stage, "kind": case.kind, **case.state}
        session.add(_entry(case, 1, "incident_logged", user, role, now, None, after))
        logged = Logged(case_id=case.id, reference=case.reference, version=case.version)
    response.headers["Location"] = f"/api/cases/{logged.case_id}"
    response.headers["ETag"] = f'"{logged.version}"'
    return logged


@app.post("/api/cases/{case_id}/start-assessment")
def start_assessment(
    case_id: uuid.UUID,
    _body: StartAssessment,
    user: CurrentUser,
    response: Response,
    if_match: Annotated[str, Header(pattern=r'^"[0-9]+"$')],
) -> Recorded:
    """Take the lead and begin the assessment."""
    now = datetime.now(UTC)
    action = casework.BY_COMMAND["start-assessment"]
    with Session(to_write) as session, session.begin():
        case = _visible(session, user, case_id)
        if int(if_match.strip('"')) != case.version:
            raise HTTPException(412, "The case has moved on: read it again.")
        roles = casework.relations(user, case.reporter_id, case.lead_id)
        if reasons := casework.reasons_against(action, roles, case.stage):
            raise HTTPException(409, reasons)
        role = min(roles & set(action.roles))
        before = {"stage": case.stage, "lead": None, "version": case.version}
        case.stage, case.lead_id, case.updated_at = "assessing", user.id, now
        session.flush()
        after = {"stage": case.stage, "lead": str(user.id), "version": case.version}
        session.add(
            _entry(case, case.version, "assessment_started", user, role, now, before, after)
        )
        recorded = Recorded(case_id=case.id, stage=case.stage, version=case.version)
    response.headers["ETag"] = f'"{recorded.version}"'
    return recorded


@app.get("/api/cases/{case_id}")
def read_case(case_id: uuid.UUID, user: CurrentUser, response: Response) -> CaseAnswer:
    """A case as it stands, and what may be done now."""
    with Session(engine) as session:
        case = _visible(session, user, case_id)
        roles = casework.relations(user, case.reporter_id, case.lead_id)
        response.headers["ETag"] = f'"{case.version}"'
        return CaseAnswer(
            case_id=case.id,
            reference=case.reference,
            version=case.version,
            stage=case.stage,
            kind=case.kind,
            severity=case.severity,
            reporter=case.reporter_id,
            lead=case.lead_id,
            reported_at=case.reported_at,
            updated_at=case.updated_at,
            state=case.state,
            actions=[Offer(**offer) for offer in casework.offers(case.id, roles, case.stage)],
        )


@app.get("/api/cases")
def list_cases(user: CurrentUser, stage: str | None = None) -> CaseList:
    """The cases this user may see, newest first."""
    now = datetime.now(UTC)
    wanted = (
        select(Case)
        .where(Case.school == user.school, ~_walled(user))
        .options(load_only(*_IN_A_LINE))
        .order_by(Case.reported_at.desc(), Case.id.desc())
        .limit(casework.PAGE)
    )
    if not user.is_senior:
        wanted = wanted.where(or_(Case.reporter_id == user.id, Case.lead_id == user.id))
    if stage is not None:
        wanted = wanted.where(Case.stage == stage)
    with Session(engine) as session:
        lines = [_line(case, now) for case in session.scalars(wanted)]
    more = len(lines) == casework.PAGE
    return CaseList(cases=lines, next=_cursor(lines[-1]) if more else None)


_IN_A_LINE: Final = (
    Case.id, Case.reference, Case.version, Case.stage, Case.kind, Case.severity, Case.lead_id,
    Case.reported_at, Case.updated_at, Case.next_due_at,
)  # fmt: skip


def new_case(report: LogIncident, user: SignedIn, now: datetime) -> Case:
    """Return a case that is not in the database yet."""
    people = [{"person": str(uuid.uuid4()), "part": one.part} for one in report.people]
    state = casework.document(report.model_dump(mode="json"), people)
    state["deadlines"] = casework.deadlines(now)
    return Case(
        id=uuid.uuid4(),
        school=user.school,
        reference=casework.reference(),
        stage="reported",
        kind=report.kind,
        reporter_id=user.id,
        reported_at=now,
        updated_at=now,
        next_due_at=casework.end_of_school_day(now, 1),
        state=state,
    )


def _entry(
    case: Case,
    version: int,
    action: str,
    user: SignedIn,
    role: str,
    now: datetime,
    before: object,
    after: object,
) -> AuditEntry:
    return AuditEntry(
        case_id=case.id,
        version=version,
        action=action,
        actor_id=user.id,
        at=now,
        data=casework.audited(user, role, now, before, after),
    )


def _refuse_strangers(session: Session, user: SignedIn, report: LogIncident) -> None:
    named = {person.user for person in report.people if person.user}
    if not named:
        return
    known = session.scalars(select(User.id).where(User.id.in_(named), User.school == user.school))
    if named - set(known):
        raise HTTPException(422, "A user named in the report is not known at this school.")


def _walled(user: SignedIn) -> Any:
    return exists().where(
        CasePerson.case_id == Case.id,
        CasePerson.user_id == user.id,
        CasePerson.part.in_(("subject", "related")),
    )


def _visible(session: Session, user: SignedIn, case_id: uuid.UUID) -> Case:
    wanted = select(Case).where(Case.id == case_id, Case.school == user.school, ~_walled(user))
    case: Case | None = session.scalar(wanted)
    if case is None or not (user.is_senior or user.id in (case.reporter_id, case.lead_id)):
        raise HTTPException(404, "There is no such case.")
    return case


def _line(case: Case, now: datetime) -> CaseLine:
    due = case.next_due_at
    if due is not None and due.tzinfo is None:
        due = due.replace(tzinfo=UTC)
    return CaseLine(
        case_id=case.id,
        reference=case.reference,
        version=case.version,
        stage=case.stage,
        kind=case.kind,
        severity=case.severity,
        lead=case.lead_id,
        reported_at=case.reported_at,
        updated_at=case.updated_at,
        next_due_at=due,
        overdue=due is not None and due < now,
    )


def _cursor(line: CaseLine) -> str:
    return f"{line.reported_at.isoformat()}~{line.case_id}"
