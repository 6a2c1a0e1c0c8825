"""What stays closed in a history, also to those who see everything else of it."""

from msgspec.structs import replace

from incidents.domain.assessment import RecordAssessment, StartAssessment
from incidents.domain.complaint import TRACK as COMPLAINT
from incidents.domain.concerns import RecordLowLevelConcern
from incidents.domain.first_stage import (
    AcknowledgeComplaint,
    DecideStage1,
    ReceiveComplaint,
    RecordInvestigation,
)
from incidents.domain.intake import PersonInIncident
from incidents.domain.parallel import ComplaintFinding
from incidents.domain.state import Case
from incidents.domain.vocabulary import (
    Category,
    Finding,
    HarmQuestion,
    Part,
    PersonRole,
    Risk,
    Role,
    Scope,
)
from incidents.pages import Entry
from tests.support.office import Office

WHY = "Seen by two colleagues, written down at once; a clear breach of the clause that is cited."
PLANTED = "Planted words of a concern."
ASSESSMENT = RecordAssessment(
    scope=Scope.PROFESSIONAL,
    finding=Finding.UNACCEPTABLE,
    categories=(Category.IMAGE_WITHOUT_PERMISSION,),
    risks=(Risk.REPUTATION,),
    scale=1,
    audience=1,
    permanency=1,
    harm=1,
    clauses=("3.1",),
    rationale=WHY,
    harm_test=dict.fromkeys(HarmQuestion, False),
)


def concerned(office: Office) -> Case:
    """A low-level concern about a colleague, in a case that the deputy leads."""
    subject = PersonInIncident(
        part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("second_staff")
    )
    case = office.log(people=(subject,))
    office.ask("slt", case, StartAssessment())
    office.ask("slt", case, ASSESSMENT)
    concern = RecordLowLevelConcern(
        person=office.subject(case), what=PLANTED, context=PLANTED, observed_at=office.now
    )
    return office.ask("headteacher", case, concern).case


def entry(history: list[Entry], topic: str) -> Entry:
    (found,) = (one for one in history if one.event == f"incidents.{topic}")
    return found


def test_the_lead_is_told_that_there_is_a_concern_and_not_what_it_says(office: Office) -> None:
    case, reading = concerned(office), office.installation.reading
    told = entry(reading.history(office.users["slt"], case.id), "low_level_concern_recorded")
    assert told.data == {}
    assert told.changes == []
    assert reading.page(office.users["slt"], case.id, office.now).concerns is None


def test_the_headteacher_reads_it_in_full(office: Office) -> None:
    case, reading = concerned(office), office.installation.reading
    told = entry(
        reading.history(office.users["headteacher"], case.id), "low_level_concern_recorded"
    )
    assert told.data["what"] == PLANTED
    (shown,) = reading.page(office.users["headteacher"], case.id, office.now).concerns or []
    assert shown.context == PLANTED


def test_the_clerk_reads_of_a_history_what_happened_to_the_complaint(office: Office) -> None:
    case = office.log()
    office.ask("slt", case, StartAssessment())
    office.ask("slt", case, replace(ASSESSMENT, harm_test={}))
    complaint = ReceiveComplaint(
        received_at=office.now,
        happened_at=office.now,
        issues="Planted issues of a complaint.",
        outcome_wanted="That somebody rings first.",
        complainant=office.subject(case),
    )
    office.ask("slt", case, complaint)
    office.ask("headteacher", case, AcknowledgeComplaint())
    office.ask("headteacher", case, RecordInvestigation(found="Both were asked."))
    finding = ComplaintFinding.NOT_UPHELD
    decision = DecideStage1(finding=finding, investigated="The letter.", reasons=WHY)
    office.ask("headteacher", case, decision)
    clerk = office.hire("clerk", "The clerk", Role.CLERK)
    history = office.installation.reading.history(clerk, case.id)
    assert {one.event for one in history} == {
        "incidents.complaint_received",
        "incidents.complaint_acknowledged",
        "incidents.investigation_recorded",
        "incidents.stage1_decided",
    }
    assert {one.event for one in history} <= {event.TOPIC for event in COMPLAINT.apply}
    assert entry(history, "complaint_received").data["issues"] == "Planted issues of a complaint."
