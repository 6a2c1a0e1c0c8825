"""Requests that somebody might really make of a case: examples made to fit, now and then odd."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.domain.assessment import (
    AssignLead,
    DecideNotToRefer,
    MarkOutOfScope,
    RecordAssessment,
)
from incidents.domain.closing import RecordOutcome
from incidents.domain.intake import IdentifyPerson, LogIncident
from incidents.domain.internal import RequestRemoval
from incidents.domain.letters import (
    ApproveLetter,
    LetterCommand,
    RecordLetterRendered,
    ResolveLetter,
)
from incidents.domain.moderation import InformAudience
from incidents.domain.referring import MakeReferral
from incidents.domain.remedies import RecordRemedyMet, RequireRemedy
from incidents.domain.responses import RecordAgencyResponse
from incidents.domain.state import Case
from incidents.domain.table import Asking, Command
from incidents.domain.timers import MissDeadline, RecalculateDeadline, WaiveDeadline
from incidents.domain.vocabulary import Agency, AgencyDecision, ContactBasis, Due, Flag, LetterForm
from tests.incidents.domain.arbitrary import Anything
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    ABOUT_STAFF,
    ABOUT_THE_HEAD,
    ACCEPTABLE,
    HARMFUL,
    HARMLESS,
    ON_OUR_ACCOUNT,
    POSSIBLY_ILLEGAL,
    REPORT,
    UNACCEPTABLE,
)
from tests.incidents.domain.happy_paths import HAPPY_PATHS
from tests.incidents.domain.one_case import ASSESSMENT, EVERYBODYS
from tests.incidents.domain.school import PEOPLE, id_of

REPORTS: Final[st.SearchStrategy[LogIncident]] = st.sampled_from(
    [
        REPORT,
        ABOUT_STAFF,
        ABOUT_A_CHILD,
        ABOUT_THE_HEAD,
        ON_OUR_ACCOUNT,
        EVERYBODYS,
        replace(ON_OUR_ACCOUNT, flags=(Flag.NUDE_IMAGERY,)),
    ]
)
ASSESSMENTS: Final = [UNACCEPTABLE, ACCEPTABLE, POSSIBLY_ILLEGAL, HARMLESS, HARMFUL, ASSESSMENT]
LETTERS: Final = [uuid5(id_of(one), "letter") for one in PEOPLE[:4]]

Fits = Callable[[Case, Asking, st.DrawFn], Mapping[str, Any]]


def _one_of(draw: st.DrawFn, among: Any, otherwise: Any) -> Any:
    """One of these, or `otherwise` where there is none."""
    found = list(among)
    return draw(st.sampled_from(found)) if found else otherwise


def _person(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"person": _one_of(draw, case.people, UUID(int=1))}


def _letter(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"letter": _one_of(draw, case.letters, LETTERS[0])}


def _new_letter(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    code = draw(st.sampled_from(["L1", "L2", "L13", "L19"]))
    return {
        "letter": draw(st.sampled_from(LETTERS)),
        "code": code,
        "form": LetterForm.NOTICE if code == "L13" else LetterForm.PDF,
        "prompted_by": _one_of(draw, case.prompts, UUID(int=1)),
        "needs_approval": code != "L1",
    }


def _approval(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    chosen = _letter(case, asking, draw)
    letter = case.letters.get(chosen["letter"])
    return {**chosen, "document": letter.document} if letter and letter.document else chosen


def _due(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"due": _one_of(draw, case.open_deadlines, Due.ACKNOWLEDGE)}


def _agency(_case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"agency": draw(st.sampled_from(Agency))}


def _answer(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {
        "agency": _one_of(draw, case.referrals, Agency.POLICE),
        "cleared": draw(st.booleans()),
        "decision": draw(st.none() | st.sampled_from(AgencyDecision)),
    }


def _not_referring(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    consulted = draw(st.sampled_from([id_of(one) for one in PEOPLE]))
    return {**_agency(case, asking, draw), "consulted": consulted}


def _contact(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    """Mostly an address for somebody in the case, sometimes who he turns out to be."""
    links = draw(st.sampled_from([None, None, None, *(one.id for one in PEOPLE[:4])]))
    return {
        **_person(case, asking, draw),
        "part": None,
        "role": None,
        "user": links,
        "name": "the subject",
        "basis": draw(st.sampled_from(ContactBasis)),
    }


def _remedy(case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"remedy": _one_of(draw, case.remedies, UUID(int=1))}


def _removal(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {**_person(case, asking, draw), "meeting_slots": (asking.now + timedelta(days=3),)}


def _correction(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {**_person(case, asking, draw), "correct_by": asking.now + timedelta(days=7)}


def _second(_case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"second_person": draw(st.sampled_from([None, *(one.id for one in PEOPLE)]))}


def _left_out(_case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    reason = draw(st.sampled_from([None, "There was no need any more."]))
    return {"steps_left_out_because": reason}


def _lead(_case: Case, _asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {"lead": draw(st.sampled_from([id_of(one) for one in PEOPLE]))}


def _fate(case: Case, asking: Asking, draw: st.DrawFn) -> Mapping[str, Any]:
    return {**_letter(case, asking, draw), "delivered": draw(st.booleans())}


FITTING: Final[Mapping[type[Command], Fits]] = {
    IdentifyPerson: _contact,
    AssignLead: _lead,
    ResolveLetter: _fate,
    MarkOutOfScope: _second,
    DecideNotToRefer: _not_referring,
    RequestRemoval: _removal,
    RequireRemedy: _correction,
    RecordRemedyMet: _remedy,
    MakeReferral: _agency,
    RecordAgencyResponse: _answer,
    RecordOutcome: _left_out,
    RecordLetterRendered: _new_letter,
    ApproveLetter: _approval,
    InformAudience: _letter,
    MissDeadline: _due,
    RecalculateDeadline: _due,
    WaiveDeadline: _due,
}


@st.composite
def request_for(draw: st.DrawFn, case: Case, ask: type[Command], asking: Asking) -> Command:
    """A request of this kind: its example fitted to the case; one in eight has an odd field."""
    command = HAPPY_PATHS[ask].command
    if ask is RecordAssessment:
        command = draw(st.sampled_from(ASSESSMENTS))
    fits = FITTING.get(ask, _letter if issubclass(ask, LetterCommand) else None)
    if fits is not None:
        command = replace(command, **fits(case, asking, draw))
    if draw(st.integers(0, 7)) == 0 and ask.__struct_fields__:
        name = draw(st.sampled_from(ask.__struct_fields__))
        odd = Anything([*case.people, UUID(int=1)], asking.now).field(ask, name)
        command = replace(command, **{name: draw(odd)})
    return command
