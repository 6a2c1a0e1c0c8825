"""One case led through every state of every track, told twice: as everybody's, and as the chair's.

About a member of staff, a child and data, on the school's own account: nearly everybody at the
school has some part in it. The second is about the headteacher, so that only the chair may lead.
"""

from typing import Final

from msgspec.structs import replace

from incidents.domain.assessment import StartAssessment
from incidents.domain.closing import CloseCase
from incidents.domain.intake import LogIncident
from incidents.domain.internal import StartInternalHandling
from incidents.domain.letters import (
    RecordLetterFailed,
    RecordLetterSent,
    RecordLetterUncertain,
    WithdrawLetter,
)
from incidents.domain.moderation import InformAudience, WaiveNotice
from incidents.domain.referring import ResumeInternal
from incidents.domain.responses import RecordAgencyWithdrawal
from incidents.domain.school import User
from incidents.domain.timers import MissDeadline, WaiveDeadline
from incidents.domain.vocabulary import Agency, Category, Due, LetterForm, Route
from tests.incidents.domain.agencies import in_draft, opinion_lives
from tests.incidents.domain.cases import (
    CLOSED_BY_AGENCY,
    COLLEAGUE,
    DELETE,
    EVIDENCE,
    FORMER_PUPIL,
    HARM,
    HARMLESS,
    LETTER,
    OUTCOME,
    POSSIBLY_ILLEGAL,
    REPORT,
    THE_HEAD,
    TO_LADO,
    TO_POLICE,
    acknowledged,
    approved,
    draft,
    identified,
    reported,
    unproved,
)
from tests.incidents.domain.complaints import complaint_lives
from tests.incidents.domain.following import concerned, following_lives, reviewed
from tests.incidents.domain.images_and_pupils import image_lives
from tests.incidents.domain.press_and_breach import breach_lives, press_lives
from tests.incidents.domain.school import (
    CHAIR,
    DPO,
    FRIDAY,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    SLT,
    TIMEKEEPER,
)
from tests.incidents.domain.staff_matters import staff_lives
from tests.incidents.domain.support import Story

EVERYBODYS: Final = replace(
    REPORT,
    categories=(Category.STAFF_PUPIL_CONTACT, Category.CONFIDENTIALITY),
    people=(COLLEAGUE, FORMER_PUPIL),
    on_school_account=True,
)
THE_CHAIRS: Final = replace(EVERYBODYS, people=(THE_HEAD, FORMER_PUPIL))
ASSESSMENT: Final = replace(POSSIBLY_ILLEGAL, categories=EVERYBODYS.categories, harm_test=HARM)
ANSWERED: Final = replace(CLOSED_BY_AGENCY, decision=None)


def led_through(report: LogIncident, lead: User, other: User, breach: User) -> dict[str, Story]:
    """The case in every state. `other` does what the lead may not do, `breach` decides on data."""
    found = {"reported": reported(report)}
    story = found["assessing"] = found["reported"].after(StartAssessment(), by=lead)
    story = found["assessed"] = acknowledged(story, lead).after(ASSESSMENT, by=lead)
    found |= moderated(story, other)
    story = found["audience informed"]
    found |= opinion_lives(story, other)
    found["referral drafted"] = in_draft(story, lead)
    story = found["referred"] = story.after(TO_POLICE, by=other)
    found |= answered(story.after(TO_LADO, by=other), other)
    story = found["agencies closed"].after(ResumeInternal(), by=other)
    inside = StartInternalHandling(route=Route.STAFF_CONDUCT)
    story = found["internal"] = story.after(inside, by=lead)
    found |= complaint_lives(identified(story, lead), lead, other)
    found |= press_lives(story, other) | breach_lives(story, breach)
    found |= staff_lives(story, other) | following_lives(story, lead, other)
    found |= image_lives(story, other)
    found |= concern_lives(report, lead, other)
    outcome = replace(OUTCOME, steps_left_out_because="He has left the school.")
    story = found["resolved"] = story.after(outcome, by=lead)
    story = story.after(unproved(story), by=other)
    found["closed"] = story.after(CloseCase(), by=other)
    return found


def moderated(story: Story, other: User) -> dict[str, Story]:
    """Through the moderation track, and its notice through the states of a letter."""
    found = {"evidenced": story.after(EVIDENCE, by=MODERATOR)}
    story = found["actioned"] = found["evidenced"].after(DELETE, by=MODERATOR)
    waiver = WaiveNotice(reason="It would tell everybody who was meant.")
    found["notice waived"] = story.after(waiver, by=other)
    story = found["drafted"] = story.after(draft("L13", LetterForm.NOTICE), by=NOTIFIER)
    withdrawal = WithdrawLetter(letter=LETTER, reason="There is a better one.")
    found["withdrawn"] = story.after(withdrawal, by=other)
    story = found["approved"] = approved(story, by=other)
    failed = RecordLetterFailed(letter=LETTER, code="L2", prompted_by=LETTER, why="no_mailbox")
    found["failed"] = story.after(failed, by=NOTIFIER)
    uncertain = RecordLetterUncertain(letter=LETTER, why="no_reply")
    found["uncertain"] = story.after(uncertain, by=NOTIFIER)
    sent = RecordLetterSent(letter=LETTER, channel="email")
    found["sent"] = story.after(sent, by=NOTIFIER)
    told = InformAudience(letter=LETTER, posted_at=FRIDAY)
    found["audience informed"] = story.after(told, by=MODERATOR)
    return found


def answered(story: Story, other: User) -> dict[str, Story]:
    """Through the answers of both agencies, and the deadline of their chase."""
    story = story.after(ANSWERED, by=other)
    found = {"agency answered": story}
    due = Due.AGENCY_CHASE
    passed = story.case.deadlines[due].due_at
    found["deadline missed"] = story.after(MissDeadline(due=due), by=TIMEKEEPER, at=passed)
    waiver = WaiveDeadline(due=due, reason="They ring every day.")
    found["deadline waived"] = story.after(waiver, by=other)
    taken_back = RecordAgencyWithdrawal(agency=Agency.POLICE, reason="It is for another force.")
    found["agency withdrew"] = story.after(taken_back, by=other)
    for agency in (Agency.POLICE, Agency.LADO):
        story = story.after(replace(CLOSED_BY_AGENCY, agency=agency), by=other)
    return found | {"agencies closed": story}


def concern_lives(report: LogIncident, lead: User, head: User) -> dict[str, Story]:
    """The same report, where no harm is suspected: a low-level concern in each of its states."""
    harmless = replace(ASSESSMENT, finding=HARMLESS.finding, harm_test=HARMLESS.harm_test)
    story = reported(report).after(StartAssessment(), by=lead).after(harmless, by=lead)
    story = concerned(story, head)
    return {"concern recorded": story, "concern reviewed": story.after(reviewed(story), by=head)}


LIVES: Final = {
    "everybody's": led_through(EVERYBODYS, SLT, HEADTEACHER, DPO),
    "the chair's": led_through(THE_CHAIRS, CHAIR, CHAIR, CHAIR),
}
