"""What holds for every register, and the rules of the small ones."""

from datetime import date, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.access import Sight
from incidents.domain.case import EVENTS as OF_CASES
from incidents.domain.registers import EVENTS, REGISTERS
from incidents.domain.registers.advice import (
    REGISTER as ADVICE,
)
from incidents.domain.registers.advice import (
    GivePublicationAdvice,
    GiveSecondAdvice,
    SeekPublicationAdvice,
    SeekSecondAdvice,
    Verdict,
)
from incidents.domain.registers.grants import ProposeGrant
from incidents.domain.registers.images import (
    REGISTER as IMAGES,
)
from incidents.domain.registers.images import (
    CheckPublication,
    ImageObjectionRecorded,
    ImageObjectionWithdrawn,
    Objector,
    RecordObjection,
    WithdrawObjection,
    may_be_published,
)
from incidents.domain.registers.policies import (
    REGISTER as POLICIES,
)
from incidents.domain.registers.policies import AcknowledgePolicy, AdoptPolicyVersion
from incidents.domain.registers.register import ForeignEntry, Register
from incidents.domain.table import Refuses
from incidents.domain.users import EVENTS as OF_USERS
from incidents.domain.vocabulary import PersonRole
from incidents.store.sealing import sealed_fields
from tests.incidents.domain.entries import EntryStory
from tests.incidents.domain.school import (
    AUDITOR,
    CHAIR,
    DSL,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    OTHER_SLT,
    OTHER_STAFF,
    SLT,
    STAFF,
    id_of,
)

EACH: Final = pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.kind)

# ── every register ────────────────────────────────────────────────────────────────────────────────


def test_no_two_streams_share_a_topic_that_means_another_event() -> None:
    for topic, event in EVENTS.items():
        assert topic == event.TOPIC
        assert OF_CASES.get(topic, event) is event
        assert OF_USERS.get(topic, event) is event


def test_no_two_commands_share_a_name() -> None:
    names = [row.ask.__name__ for register in REGISTERS for row in register.rows]
    assert len(names) == len(set(names))
    assert len({register.path for register in REGISTERS}) == len(REGISTERS)


@EACH
def test_everything_a_row_records_is_applied(register: Register[Any]) -> None:
    for row in register.track.rows:
        assert set(row.records) <= set(register.track.apply), row.name
    recorded = {kind for row in register.rows for kind in row.records}
    timed = {kind for kind in register.track.apply if kind.TOPIC.startswith("incidents.deadline")}
    assert set(register.track.apply) <= recorded | timed


@EACH
def test_no_two_rows_lead_elsewhere_by_the_same_event(register: Register[Any]) -> None:
    moving = [row.records[0] for row in register.track.rows if row.to is not None]
    assert len(moving) == len(set(moving))


@EACH
def test_what_is_closed_is_a_field_of_the_entry(register: Register[Any]) -> None:
    assert set(register.closed) <= set(register.entry.__struct_fields__)


@EACH
def test_an_entry_begins_with_its_first_event(register: Register[Any]) -> None:
    other = next(one for one in REGISTERS if one is not register)
    story = first_of(other)
    with pytest.raises(ForeignEntry):
        register.replay(story)
    with pytest.raises(ValueError, match="no history"):
        register.replay([])


@EACH
def test_the_auditor_reads_no_words_and_asks_for_nothing(register: Register[Any]) -> None:
    story = first_of(register)
    assert register.sight(story.entry, AUDITOR) is Sight.AUDIT
    offers = register.offers(story.entry, story.asking(AUDITOR))
    assert all(any(reason.rule == "role" for reason in offer.reasons) for offer in offers)


@EACH
def test_replay_gives_the_same_entry_again(register: Register[Any]) -> None:
    story = first_of(register)
    assert register.replay(story.history) == register.replay(story.history) == story.entry


def first_of(register: Register[Any]) -> EntryStory:
    command = FIRST[register.kind]
    by = next(
        one for one in (STAFF, MODERATOR, SLT, HEADTEACHER) if one.roles & set(register.begin.who)
    )
    return EntryStory(register).after(command, by=by)


# ── pictures ──────────────────────────────────────────────────────────────────────────────────────

OBJECTION: Final = RecordObjection(
    name="The pupil",
    role=PersonRole.PUPIL,
    objected_by=Objector.PARENT_OR_CARER,
    received_at=FRIDAY,
)
WITHDRAWAL: Final = WithdrawObjection(withdrawn_at=FRIDAY, withdrawn_by=Objector.PARENT_OR_CARER)


def test_an_objection_is_recorded_and_withdrawn() -> None:
    story = EntryStory(IMAGES).when(OBJECTION, by=MODERATOR).records(ImageObjectionRecorded)
    story = story.when(WITHDRAWAL, by=DSL).records(ImageObjectionWithdrawn)
    story.when(WITHDRAWAL, by=DSL).refused(because="state", for_=Refuses.STATE)


def test_a_childs_name_is_sealed_under_the_childs_own_key() -> None:
    for event in (ImageObjectionRecorded, ImageObjectionWithdrawn):
        assert {field.person for field in sealed_fields(event)} == {"person"}


def test_only_whoever_objected_withdraws_it() -> None:
    story = EntryStory(IMAGES).after(OBJECTION, by=MODERATOR)
    himself = replace(WITHDRAWAL, withdrawn_by=Objector.HIMSELF)
    story.when(himself, by=MODERATOR).refused(because="a_parents_refusal_is_a_parents_to_withdraw")


def test_a_parent_speaks_for_a_pupil_only() -> None:
    of_staff = replace(OBJECTION, role=PersonRole.STAFF)
    EntryStory(IMAGES).when(of_staff, by=MODERATOR).refused(
        because="a_parent_speaks_for_a_child_only"
    )


def test_the_register_of_pictures_is_its_keepers() -> None:
    entry = EntryStory(IMAGES).after(OBJECTION, by=MODERATOR).entry
    for one in (STAFF, SLT, CHAIR, OTHER_STAFF):
        assert IMAGES.sight(entry, one) is Sight.NONE
    EntryStory(IMAGES).when(OBJECTION, by=STAFF).refused(because="role", for_=Refuses.WHO)


@pytest.mark.parametrize(
    ("asked", "listed", "may"),
    [
        (["Ada Example"], [], True),
        (["Ada Example"], ["Bea Example"], True),
        (["Ada Example"], ["Ada Example"], False),
        (["EXAMPLE, ada"], ["Ada Example"], False),
        (["Zoé Example"], ["Zoe Example"], False),
        (["Ada"], ["Ada Example"], False),
        (["Ada Mary Example"], ["Ada Example"], False),
        (["Adam Example"], ["Ada Example"], True),
        (["Bea Example", "Ada Example"], ["Ada Example"], False),
        (["…"], ["Ada Example"], False),
        (["…"], [], True),
    ],
)
def test_in_doubt_the_answer_is_no(asked: list[str], listed: list[str], may: bool) -> None:
    assert may_be_published(asked, listed) is may


NAMES: Final = st.text(min_size=1, max_size=30).filter(lambda name: any(c.isalnum() for c in name))


@given(NAMES, st.lists(NAMES, max_size=4))
def test_whoever_refused_is_never_published_under_that_name(name: str, others: list[str]) -> None:
    assert not may_be_published([*others, name], [name])
    assert not may_be_published([name.upper()], [name, *others])


def test_a_question_is_about_somebody() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"names": []}, CheckPublication)


# ── editions of the policy, and advice ────────────────────────────────────────────────────────────

ADOPTION: Final = AdoptPolicyVersion(edition="2026-1", adopted_on=date(2026, 9, 1))


def test_the_edition_in_force_is_adopted_and_known_by_each_once() -> None:
    story = EntryStory(POLICIES).after(ADOPTION, by=HEADTEACHER)
    story = story.after(AcknowledgePolicy(), by=STAFF)
    assert set(story.entry.acknowledged) == {id_of(STAFF)}
    story.when(AcknowledgePolicy(), by=STAFF).refused(because="not_known_to_him_yet")
    story.when(AcknowledgePolicy(), by=OTHER_STAFF).accepted()


def test_another_edition_than_the_schools_is_not_adopted() -> None:
    other = replace(ADOPTION, edition="2031-1")
    EntryStory(POLICIES).when(other, by=SLT).refused(because="edition_is_the_schools")
    ahead = replace(ADOPTION, adopted_on=date(2027, 1, 1))
    EntryStory(POLICIES).when(ahead, by=SLT).refused(because="adopted_by_now")
    EntryStory(POLICIES).when(ADOPTION, by=STAFF).refused(because="role")


def test_an_edition_that_was_replaced_is_no_longer_acknowledged() -> None:
    story = EntryStory(POLICIES).after(ADOPTION, by=SLT)
    school = msgspec.structs.replace(story.school, policy_version="2027-1")
    later = EntryStory(POLICIES, story.history, school)
    later.when(AcknowledgePolicy(), by=STAFF).refused(because="edition_is_in_force")


DRAFT: Final = SeekPublicationAdvice(platform="Twitter", draft="Our view of the new road.")
SAID: Final = GivePublicationAdvice(verdict=Verdict.CHANGE_FIRST, words="Leave the motives out.")
ALSO: Final = GiveSecondAdvice(verdict=Verdict.DO_NOT_PUBLISH, words="It is not for us to say.")
FIRST: Final[dict[str, Any]] = {
    "access_grant": ProposeGrant(
        auditor=id_of(AUDITOR), until=FRIDAY + timedelta(days=30), purpose="The yearly audit."
    ),
    "image_objection": OBJECTION,
    "policy": ADOPTION,
    "publication_advice": DRAFT,
    "account": msgspec.convert(
        {"platform": "Twitter", "name": "News", "purpose": "To tell parents what happens."},
        REGISTERS[0].begin.ask,
    ),
}


def test_advice_is_another_ones_and_so_is_the_second() -> None:
    story = EntryStory(ADVICE).after(DRAFT, by=SLT)
    story.when(SAID, by=SLT).refused(because="somebody_else_advises", for_=Refuses.WHO)
    story = story.after(SAID, by=HEADTEACHER)
    story.when(ALSO, by=HEADTEACHER).refused(because="second_adviser_is_another")
    story.when(ALSO, by=SLT).refused(because="somebody_else_advises")
    story = story.after(SeekSecondAdvice(question="At all?"), by=SLT).after(ALSO, by=OTHER_SLT)
    assert (story.entry.verdict, story.entry.second_verdict) == (
        Verdict.CHANGE_FIRST,
        Verdict.DO_NOT_PUBLISH,
    )


def test_advice_is_between_those_who_ask_and_those_who_give_it() -> None:
    entry = EntryStory(ADVICE).after(DRAFT, by=STAFF).entry
    assert ADVICE.sight(entry, STAFF) is Sight.FULL
    assert ADVICE.sight(entry, OTHER_STAFF) is Sight.NONE
    assert ADVICE.sight(entry, MODERATOR) is Sight.NONE
