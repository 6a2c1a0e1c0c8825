"""The shape of what is stored for ever: topics, sealed words, and which row records what."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec
import pytest

from incidents.domain import users
from incidents.domain.agencies import AGENCIES
from incidents.domain.assessment import AssessmentRecorded
from incidents.domain.case import EVENTS, ROWS, TRACKS
from incidents.domain.complaint_ends import ComplaintExtended
from incidents.domain.disciplinary import DisciplinaryOpened
from incidents.domain.facts import Event, PersonId
from incidents.domain.glass import BreakGlassUsed
from incidents.domain.intake import IncidentLogged
from incidents.domain.letters import (
    AlertFailed,
    AlertSent,
    LetterApproved,
    LetterFailed,
    LetterRendered,
    LetterSent,
    LetterUncertain,
    RecordAlert,
)
from incidents.domain.moderation import AudienceInformed, EvidenceCaptured, ModerationActionTaken
from incidents.domain.readings import PolicyInterpretationRecorded
from incidents.domain.remedies import RemedyRequired
from incidents.domain.timers import DeadlineMet, DeadlineRecalculated, DeadlineSet
from incidents.domain.users import TokenIssued
from incidents.domain.vocabulary import Agency, Moderation, Stage
from tests.incidents.domain.cases import LETTER, reported
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.school import DSL, FRIDAY, NOTIFIER, id_of
from tests.incidents.domain.support import sealed_fields

ALL: Final = {**EVENTS, **users.EVENTS}

IN_THE_CLEAR: Final[dict[type[Event], set[str]]] = {
    IncidentLogged: {"reference"},
    AssessmentRecorded: {"clauses"},
    RemedyRequired: {"clauses"},
    PolicyInterpretationRecorded: {"clauses"},
    DisciplinaryOpened: {"clauses"},
    ModerationActionTaken: {"clause"},
    EvidenceCaptured: {"sha256", "media_type"},
    AudienceInformed: {"text_hash"},
    DeadlineSet: {"calendar_version"},
    DeadlineRecalculated: {"calendar_version"},
    ComplaintExtended: {"calendar_version"},
    LetterRendered: {
        "code",
        "audience",
        "media_type",
        "document",
        "template_hash",
        "data_hash",
    },
    LetterApproved: {"document"},
    LetterSent: {"channel"},
    LetterUncertain: {"why"},
    LetterFailed: {"code", "why"},
    AlertSent: {"code"},
    AlertFailed: {"code", "why"},
    TokenIssued: {"digest"},
}
"""Texts that are stored as they are: codes, hashes, clauses and editions.
Everything else that people write or are called is sealed."""


def plain_texts(hint: Any) -> Iterator[type]:
    """Every place in a type where a text would be stored as it is."""
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) is not None or hasattr(hint, "__metadata__"):
        for inside in get_args(hint)[: 1 if hasattr(hint, "__metadata__") else None]:
            yield from plain_texts(inside)
    elif isinstance(hint, type) and issubclass(hint, str) and not issubclass(hint, StrEnum):
        yield hint


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda k: k.__name__)
def test_a_topic_is_the_events_name(kind: type[Event]) -> None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    assert f"incidents.{snake}" == kind.TOPIC


def test_topics_are_unique() -> None:
    kinds = [*EVENTS.values(), *users.EVENTS.values()]
    assert len(ALL) == len(kinds) == len({kind.__name__ for kind in kinds})


def test_every_event_that_is_defined_can_be_read_back() -> None:
    """One that is not registered could be stored and never loaded."""
    modules = {cls.__module__ for cls in ALL.values()}
    defined = {c for c in Event.__subclasses__() if c.__module__ in modules}
    assert defined == set(ALL.values())


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda k: k.__name__)
def test_no_words_are_stored_unsealed_but_those_on_the_list(kind: type[Event]) -> None:
    hints = get_type_hints(kind, include_extras=True)
    fields = (name for name in kind.__struct_fields__ if name not in sealed_fields(kind))
    texts = {name for name in fields if any(plain_texts(hints[name]))}
    assert texts == IN_THE_CLEAR.get(kind, set())


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda k: k.__name__)
def test_what_is_sealed_under_a_person_names_that_person(kind: type[Event]) -> None:
    hints = get_type_hints(kind)
    for mark in sealed_fields(kind).values():
        assert mark.person is None or hints[mark.person] is PersonId


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda k: k.__name__)
def test_an_event_is_frozen_and_refuses_unknown_fields(kind: type[Event]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.forbid_unknown_fields
    assert not any(t is bytes for t in get_type_hints(kind).values())


# ── the tables ────────────────────────────────────────────────────────────────────────────────────


def test_every_event_but_the_first_is_recorded_by_some_row() -> None:
    listed = {kind for _, row in ROWS.values() for kind in row.records}
    of_deadlines: set[type[Event]] = {DeadlineMet, DeadlineSet}
    assert set(EVENTS.values()) == listed | of_deadlines | {IncidentLogged, BreakGlassUsed}


def test_every_row_records_only_what_its_tracks_can_apply() -> None:
    applied = {kind for track in TRACKS for kind in track.apply}
    assert applied | {IncidentLogged} == set(EVENTS.values())


@pytest.mark.parametrize("track", TRACKS, ids=lambda t: t.name)
def test_an_event_is_applied_by_one_track(track: Any) -> None:
    others = {kind for other in TRACKS if other is not track for kind in other.apply}
    assert others.isdisjoint(track.apply)


def test_the_event_that_moves_a_track_is_one_rows_own() -> None:
    """Else two rows would disagree about where the track is then."""
    moving = [(row.records[0], row.to) for _, row in ROWS.values() if row.to is not None]
    of_state = [kind for kind, to in moving if isinstance(to, Stage | Moderation)]
    assert len(of_state) == len(set(of_state))


@pytest.mark.parametrize("ask", ROWS, ids=lambda a: a.__name__)
def test_the_event_that_moves_a_track_is_always_recorded(ask: Any) -> None:
    _, row = ROWS[ask]
    if row.to is not None:
        assert row.records[0] in HAPPY_PATHS[ask].records


def test_every_command_is_asked_by_one_row_under_one_name() -> None:
    rows = [row for track in TRACKS for row in track.rows]
    assert len(rows) == len(ROWS) == len({row.name for row in rows})


@pytest.mark.parametrize("agency", list(Agency))
def test_every_agency_is_told_on_terms_of_its_own(agency: Agency) -> None:
    assert AGENCIES[agency].who


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda k: k.__name__)
def test_an_event_is_read_back_as_it_was_written(kind: type[Event]) -> None:
    written = [event for event in recorded_by_examples() if type(event) is kind]
    assert written
    for event in written:
        assert msgspec.json.decode(msgspec.json.encode(event), type=kind) == event


@cache
def recorded_by_examples() -> tuple[Event, ...]:
    stories = [one.story.after(one.command, by=one.by) for one in HAPPY_PATHS.values()]
    failed = RecordAlert(
        alert=LETTER, code="A1", prompted_by=LETTER, failed_because="mailbox_unknown"
    )
    stories.append(reported().after(failed, by=NOTIFIER))
    glass = BreakGlassUsed(user=id_of(DSL), until=FRIDAY, reason="A child is missing.")
    stories.append(reported().also(glass, by=DSL))
    return tuple(recorded.event for story in stories for recorded in story)


def limits(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """Every part of a stored field that refuses some of its type's values."""
    bounds = ("min_length", "max_length", "pattern", "gt", "ge", "lt", "le", "multiple_of")
    if any(getattr(kind, bound, None) is not None for bound in bounds):
        yield kind
    inside = (getattr(kind, name, None) for name in ("type", "item_type", "key_type", "value_type"))
    for part in (*getattr(kind, "types", ()), *filter(None, inside)):
        yield from limits(part)


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda k: k.__name__)
def test_a_stored_event_has_no_limits_that_a_tighter_rule_could_break(kind: type[Event]) -> None:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    assert [f.name for f in described.fields if any(limits(f.type))] == []
