"""Disciplinary steps and allegations at each of their states, and for each row one example."""

from typing import Final

from msgspec.structs import replace

from incidents.domain.allegation import (
    AllegationOutcomeRecorded,
    DbsReferralDecided,
    DecideDbsReferral,
    DecideTraReferral,
    RecordAllegationOutcome,
    TraReferralDecided,
)
from incidents.domain.disciplinary import (
    ConcludeDisciplinary,
    DisciplinaryConcluded,
    DisciplinaryOpened,
    DisciplinaryPaused,
    DisciplinaryResumed,
    OpenDisciplinary,
    PauseDisciplinary,
    ResumeDisciplinary,
)
from incidents.domain.parallel import DisciplinaryOutcome
from incidents.domain.school import User
from incidents.domain.table import Command
from incidents.domain.vocabulary import Agency
from tests.incidents.domain.cases import (
    CLOSED_BY_AGENCY,
    RATIONALE,
    person,
    referred_to_lado,
    unproved,
    with_staff,
)
from tests.incidents.domain.examples import Example, example, of
from tests.incidents.domain.school import HEADTEACHER
from tests.incidents.domain.support import Story

ANSWERED: Final = replace(CLOSED_BY_AGENCY, agency=Agency.LADO)


def opening(story: Story) -> OpenDisciplinary:
    return OpenDisciplinary(
        person=person(story), clauses=("5.4",), reason="It was asked for twice before."
    )


def pause(story: Story) -> PauseDisciplinary:
    return PauseDisciplinary(person=person(story), reason="The colleague is on sick leave.")


def resumption(story: Story) -> ResumeDisciplinary:
    return ResumeDisciplinary(person=person(story))


def conclusion(story: Story) -> ConcludeDisciplinary:
    return ConcludeDisciplinary(
        person=person(story), outcome=DisciplinaryOutcome.ADVICE, reasons=RATIONALE
    )


def opened(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    story = story or with_staff()
    return story.after(opening(story), by=by)


def paused(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    story = story or opened()
    return story.after(pause(story), by=by)


def concluded(story: Story | None = None, by: User = HEADTEACHER) -> Story:
    story = story or opened()
    return story.after(conclusion(story), by=by)


def with_lados_answer() -> Story:
    """The LADO has closed the referral; the case manager has decided nothing yet."""
    return referred_to_lado().after(ANSWERED, by=HEADTEACHER)


def ended() -> Story:
    return with_lados_answer().after(unproved(with_lados_answer()), by=HEADTEACHER)


def to_dbs(story: Story) -> DecideDbsReferral:
    return DecideDbsReferral(person=person(story), refer=False, reason=RATIONALE)


def to_tra(story: Story) -> DecideTraReferral:
    return DecideTraReferral(person=person(story), refer=False, reason=RATIONALE)


def staff_lives(story: Story, head: User) -> dict[str, Story]:
    """What is done about a colleague in every state, once the agencies have closed their part."""
    found = {"disciplinary opened": story.after(opening(story), by=head)}
    story = found["disciplinary opened"]
    found["disciplinary paused"] = story.after(pause(story), by=head)
    story = found["disciplinary concluded"] = concluded(story, head)
    found["allegation ended"] = story.after(unproved(story), by=head)
    return found


HAPPY: Final[dict[type[Command], Example]] = {
    OpenDisciplinary: of(with_staff(), opening, HEADTEACHER, DisciplinaryOpened),
    PauseDisciplinary: of(opened(), pause, HEADTEACHER, DisciplinaryPaused),
    ResumeDisciplinary: of(paused(), resumption, HEADTEACHER, DisciplinaryResumed),
    ConcludeDisciplinary: of(opened(), conclusion, HEADTEACHER, DisciplinaryConcluded),
    RecordAllegationOutcome: of(
        with_lados_answer(), unproved, HEADTEACHER, AllegationOutcomeRecorded
    ),
    DecideDbsReferral: example(ended(), to_dbs(ended()), HEADTEACHER, DbsReferralDecided),
    DecideTraReferral: example(ended(), to_tra(ended()), HEADTEACHER, TraReferralDecided),
}
