"""What both peers share: the words of the field, who may do what, and what a new case looks like.

Taken from our own tables, so that a peer checks and answers the same. How it reads a request, what
it keeps and how it answers is written in each peer the way of its own library.
"""

import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final

from incidents.domain.case import ROWS
from incidents.domain.vocabulary import PEOPLES_ROLES, REPORTING_ROLES

SCHOOL: Final = "demoschool01"
SENIOR: Final = frozenset({"slt", "headteacher", "dsl"})
REPORTERS: Final = frozenset(role.value for role in REPORTING_ROLES)
ROLES: Final = tuple(role.value for role in PEOPLES_ROLES)
POLICY_VERSION: Final = "2026/1"
CALENDAR_VERSION: Final = "2026-27/1"
PAGE: Final = 50
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DAY_ENDS: Final = time(17, 0, tzinfo=UTC)
_TEXTS: Final = ("facts", "opinion", "post_url", "child_words", "immediate_action")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks."""

    id: uuid.UUID
    school: str
    roles: frozenset[str]

    @property
    def is_senior(self) -> bool:
        return bool(self.roles & SENIOR)


@dataclass(frozen=True, slots=True)
class Action:
    """A command, who may ask it, and at which stages."""

    command: str
    track: str
    roles: tuple[str, ...]
    stages: tuple[str, ...]
    leads_to: str | None


ACTIONS: Final = tuple(
    Action(
        row.name,
        track.name,
        tuple(who.value for who in row.who),
        tuple(stage.value for stage in row.at),
        row.to.value if row.to else None,
    )
    for track, row in ROWS.values()
    if row.for_people
)
BY_COMMAND: Final = {action.command: action for action in ACTIONS}


def digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def reference() -> str:
    letters = [_ALPHABET[byte % 32] for byte in secrets.token_bytes(8)]
    return f"CW-{''.join(letters[:4])}-{''.join(letters[4:])}"


def end_of_school_day(moment: datetime, days: int) -> datetime:
    """The end of so many weekdays later."""
    day = moment.date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime.combine(day, _DAY_ENDS)


def deadlines(now: datetime) -> list[dict[str, Any]]:
    """What is due for every new case."""
    return [
        {
            "due": due,
            "due_at": end_of_school_day(now, days).isoformat(),
            "starts_at": now.isoformat(),
            "state": "open",
            "calendar_version": CALENDAR_VERSION,
        }
        for due, days in (("acknowledge", 1), ("assessment", 2))
    ]


def document(report: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is kept of a case beside its columns. `report` is JSON already."""
    return {
        "platform": report["platform"],
        "categories": report["categories"],
        "reported_as": report["categories"],
        "flags": report["flags"],
        "source": report["source"],
        "poster_identity": report["poster_identity"],
        "on_school_account": report["on_school_account"],
        "suspected_illegal": report["suspected_illegal"],
        "observed_at": report["observed_at"],
        "posted_at": report["posted_at"],
        **{name: report[name] for name in _TEXTS},
        "people": list(people),
        **{name: [] for name in _NOTHING_YET},
        "moderation": "none",
        "removal_requested": False,
        "reopened": 0,
    }


_NOTHING_YET: Final = (
    "evidence", "meeting_slots", "remedies", "not_referred", "referrals", "actions_taken",
    "letters",
)  # fmt: skip


def audited(
    user: SignedIn, role: str, now: datetime, before: object, after: object
) -> dict[str, Any]:
    """What an entry of the audit says beside its columns: who and under which rules, and what was
    changed to what.
    """
    return {
        "event_id": str(uuid.uuid4()),
        "school": user.school,
        "recorded_at": now.isoformat(),
        "occurred_at": now.isoformat(),
        "actor": {"user": str(user.id), "role": role, "on_behalf_of": None},
        "policy_version": POLICY_VERSION,
        "calendar_version": CALENDAR_VERSION,
        "request_id": str(uuid.uuid4()),
        "before": before,
        "after": after,
    }


def may_report(user: SignedIn) -> str | None:
    """The role in which this user reports, None if he may not."""
    return next(iter(sorted(user.roles & REPORTERS)), None)


def relations(user: SignedIn, reporter: uuid.UUID, lead: uuid.UUID | None) -> frozenset[str]:
    """Everything this user is to the case."""
    found = set(user.roles)
    if reporter == user.id:
        found.add("reporter")
    if lead == user.id:
        found.add("lead")
    return frozenset(found)


def reasons_against(action: Action, relations: frozenset[str], stage: str) -> list[dict[str, str]]:
    """Why this may not be asked now; nothing when it may."""
    reasons = []
    if relations.isdisjoint(action.roles):
        detail = f"Only for: {', '.join(action.roles)}, on cases they are responsible for."
        reasons.append({"rule": "role", "detail": detail})
    if stage not in action.stages and action.track == "case":
        detail = (
            f"The case is at: {stage}. This is possible at: "
            f"{', '.join(stage.replace('_', ' ') for stage in action.stages)}."
        )
        reasons.append({"rule": "state", "detail": detail})
    return reasons


def offers(case: uuid.UUID, relations: frozenset[str], stage: str) -> list[dict[str, Any]]:
    """Every command with what stands against it, as a case shows it to its reader."""
    found = []
    for action in ACTIONS:
        reasons = reasons_against(action, relations, stage)
        found.append(
            {
                "command": action.command,
                "track": action.track,
                "href": f"/api/cases/{case}/{action.command}",
                "possible": not reasons,
                "reasons": reasons,
            }
        )
    return found


def lie_ahead(now: datetime, moments: Iterable[datetime | None]) -> bool:
    """Whether the report speaks of what has not happened yet."""
    return any(moment > now for moment in moments if moment is not None)
