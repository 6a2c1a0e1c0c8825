"""One good body for every command of the tracks beside the main one."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from incidents.domain.allegation import (
    DecideDbsReferral,
    DecideTraReferral,
    RecordAllegationOutcome,
)
from incidents.domain.behaviour import ApplyBehaviourPolicy
from incidents.domain.breach import (
    ConfirmBreach,
    DecideIco,
    FinishBreach,
    InformSubjects,
    LeaveSubjectsUninformed,
    RuleOutBreach,
    SuspectBreach,
)
from incidents.domain.complaint_ends import DivertComplaint, ExtendComplaint, WithdrawComplaint
from incidents.domain.concerns import RecordLowLevelConcern, ReviewConcern
from incidents.domain.conflict import DeclareConflict
from incidents.domain.contact import LimitContact, ReviewContact
from incidents.domain.direct import EscalateCase, RaiseImmediateDanger, RecordDirectReferral
from incidents.domain.disciplinary import (
    ConcludeDisciplinary,
    OpenDisciplinary,
    PauseDisciplinary,
    ResumeDisciplinary,
)
from incidents.domain.drafting import DraftReferral, DropDraft
from incidents.domain.first_stage import (
    AcknowledgeComplaint,
    DecideStage1,
    DelegateInvestigation,
    ReceiveComplaint,
    RecordInvestigation,
    ReferToComplaints,
)
from incidents.domain.glass import BreakGlass
from incidents.domain.handing_over import RecordPlatformResponse, TransferCustody
from incidents.domain.images import (
    RecordChildPublished,
    RecordImageDeleted,
    RecordImagerySighted,
    RecordTakenDown,
)
from incidents.domain.internal import RemindOfRemoval
from incidents.domain.links import LinkCase, MarkDuplicate
from incidents.domain.opinions import (
    RecordSecondOpinion,
    RequestSecondOpinion,
    WithdrawOpinionRequest,
)
from incidents.domain.press import (
    DeclineToRespond,
    InformHead,
    LogPressEnquiry,
    ObtainLaSupport,
    RequestLaSupport,
    RespondToPress,
)
from incidents.domain.readings import AnnotateEntry, InterpretPolicy
from incidents.domain.responses import RecordAgencyWithdrawal
from incidents.domain.second_stage import (
    ConvenePanel,
    DecideStage2,
    ExhaustComplaint,
    RecordPanelPapers,
    RequestStage2,
)
from incidents.domain.sharing import RecordDisclosureAgreement, RecordSharingDecision
from incidents.domain.training import AssignTraining, DropTraining, RecordTrainingAttended

PERSON: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
THING: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b6"
USERS: Final = [f"0192f0c1-2b3a-7c4d-8e5f-60718293a4b{n}" for n in (7, 8, 9)]
FRIDAY: Final = "2026-11-20T16:30:00Z"
AHEAD: Final = "2027-01-13T15:30:00Z"
WHY: Final = "Both sides were heard, and what was written down at the time agrees with it."

_COMPLAINT: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    ReferToComplaints: {"person": PERSON, "reason": "Two meetings have not helped."},
    ReceiveComplaint: {
        "received_at": FRIDAY,
        "happened_at": FRIDAY,
        "issues": "Nobody rang me before the letter came.",
        "outcome_wanted": "That somebody rings first.",
        "complainant": PERSON,
    },
    AcknowledgeComplaint: {"understood": "That nobody rang before writing."},
    DelegateInvestigation: {"investigator": USERS[0]},
    RecordInvestigation: {"found": "The deputy and the parent were both asked."},
    DecideStage1: {
        "finding": "partly_upheld",
        "investigated": "Whether the parent was heard before the letter went out.",
        "reasons": WHY,
        "remedies": "The school rings before it writes.",
    },
    ExtendComplaint: {"new_due": AHEAD, "reason": "A witness is away until January."},
    WithdrawComplaint: {"confirmation": "The parent wrote that he is content."},
    DivertComplaint: {"procedure": "staff_conduct", "reason": "It is about a colleague's conduct."},
    RequestStage2: {"requested_at": FRIDAY, "reasons": "The answer says nothing of the call."},
    ConvenePanel: {"members": USERS, "declared": USERS, "hears_at": AHEAD},
    RecordPanelPapers: {"sent_at": FRIDAY, "papers": "The complaint and the first answer."},
    DecideStage2: {"heard_at": FRIDAY, "finding": "not_upheld", "reasons": WHY},
    ExhaustComplaint: {"told_of_department": True},
    LimitContact: {
        "person": PERSON,
        "behaviour": "Forty messages in a week, some of them at night.",
        "limits": "In writing to the office, answered once a week.",
        "review_on": AHEAD,
    },
    ReviewContact: {"person": PERSON, "reason": "There has been nothing of the kind since."},
}
_PRESS_AND_BREACH: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    LogPressEnquiry: {
        "received_at": FRIDAY,
        "outlet": "A local newspaper",
        "query": "What does the school say to the post?",
    },
    InformHead: {},
    RequestLaSupport: {"asked": "A newspaper asks about a post; an answer is due on Monday."},
    ObtainLaSupport: {
        "obtained_at": FRIDAY,
        "from_whom": "The press office",
        "advice": "Say that it is being looked into.",
    },
    RespondToPress: {"issued_at": FRIDAY, "response": "The school does not comment on this."},
    DeclineToRespond: {"reason": "The post is gone and nobody asks any more."},
    SuspectBreach: {"aware_at": FRIDAY, "what": "A class list stood on a public page."},
    ConfirmBreach: {
        "nature": "Names and dates of birth.",
        "people_affected": 28,
        "consequences": "Somebody might have copied it.",
        "measures": "The page was taken down after an hour.",
    },
    RuleOutBreach: {"reason": "The list held no names, only numbers of places."},
    DecideIco: {"report": False, "reason": WHY},
    InformSubjects: {"people": [PERSON], "reason": "Dates of birth were among it."},
    LeaveSubjectsUninformed: {"reason": WHY},
    FinishBreach: {"lessons": "A second person checks lists before they go up."},
}
_STAFF: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    OpenDisciplinary: {
        "person": PERSON,
        "clauses": ["3.1"],
        "reason": "It was asked for twice before.",
    },
    PauseDisciplinary: {"person": PERSON, "reason": "The colleague is on sick leave."},
    ResumeDisciplinary: {"person": PERSON},
    ConcludeDisciplinary: {"person": PERSON, "outcome": "advice", "reasons": WHY},
    RecordAllegationOutcome: {"person": PERSON, "outcome": "unsubstantiated", "reasons": WHY},
    DecideDbsReferral: {"person": PERSON, "refer": False, "reason": WHY},
    DecideTraReferral: {"person": PERSON, "refer": False, "reason": WHY},
}
_AGENCIES: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    DraftReferral: {"agency": "lado", "reason": "A harm question was answered with yes."},
    DropDraft: {"agency": "lado", "reason": "The headteacher has rung already."},
    RaiseImmediateDanger: {"danger": "The pupil wrote where he stands.", "called_at": FRIDAY},
    RecordDirectReferral: {
        "agency": "social_care",
        "method": "telephone",
        "told_at": FRIDAY,
        "reason": "The child is not safe at home tonight.",
    },
    RecordAgencyWithdrawal: {"agency": "police", "reason": "It belongs to another force."},
    RecordSharingDecision: {
        "with_whom": "The school nurse",
        "what": "That the child was hurt by what was written.",
        "basis": "safeguarding",
        "shared": True,
        "reason": "She sees the child every week.",
    },
    RecordDisclosureAgreement: {
        "agency": "police",
        "person": PERSON,
        "what": "That it is being looked into.",
    },
    BreakGlass: {"reason": "A child is missing, and the case may say where to look."},
    DeclareConflict: {"reason": "The parent in this case is a close friend of mine."},
    RequestSecondOpinion: {"of": USERS[0], "question": "Does it have to be referred?"},
    RecordSecondOpinion: {
        "opinion": THING,
        "agrees": True,
        "view": "I should not refer it either.",
    },
    WithdrawOpinionRequest: {"opinion": THING, "reason": "She is away until Monday."},
}
_FOLLOWING: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    RecordLowLevelConcern: {
        "person": PERSON,
        "what": "A picture of the class on a telephone of his own.",
        "context": "On a trip; he deleted it when he was asked to.",
        "observed_at": FRIDAY,
    },
    ReviewConcern: {"concern": THING, "decision": "guidance_given", "reason": WHY},
    AssignTraining: {
        "person": PERSON,
        "topic": "Safe use of social media for staff.",
        "attend_by": AHEAD,
    },
    RecordTrainingAttended: {
        "training": THING,
        "attended_at": FRIDAY,
        "seen": "His name stands on the list of that day.",
    },
    DropTraining: {"training": THING, "reason": "The colleague has left the school."},
    LinkCase: {
        "other": THING,
        "relation": "same_people",
        "reason": "The same parent wrote in another group.",
        "people": [{"here": PERSON, "there": USERS[0]}],
    },
    MarkDuplicate: {"other": THING, "reason": "Two colleagues reported one post."},
    InterpretPolicy: {"clauses": ["1.2", "3.1"], "reading": WHY},
    AnnotateEntry: {
        "entry": 1,
        "correction": "It was on a Thursday.",
        "reason": "The diary of the class says so.",
    },
}
_IMAGES_AND_PUPILS: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    RecordChildPublished: {
        "person": PERSON,
        "where": "On a colleague's page.",
        "published_at": FRIDAY,
    },
    RecordTakenDown: {"taken_down_at": FRIDAY, "seen": "The page shows another picture."},
    RecordImageDeleted: {
        "deleted_at": FRIDAY,
        "witness": USERS[0],
        "what": "A picture on the telephone of the class.",
    },
    RecordImagerySighted: {
        "seen_at": FRIDAY,
        "why": WHY,
        "present": "The headteacher was there.",
    },
    ApplyBehaviourPolicy: {
        "person": PERSON,
        "done": "They talked with the class teacher.",
        "parents": [USERS[0]],
    },
    RemindOfRemoval: {"person": PERSON, "next_steps": "The platform is asked to look at it."},
    TransferCustody: {
        "evidence": THING,
        "to": "The officer who asked for it",
        "purpose": "It is looked at by the police.",
    },
    RecordPlatformResponse: {
        "action": THING,
        "response": "It breaks no rule of ours.",
        "removed": False,
    },
    EscalateCase: {"reason": "It spreads, and three families have rung."},
}
BESIDE: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    **_COMPLAINT,
    **_PRESS_AND_BREACH,
    **_STAFF,
    **_AGENCIES,
    **_FOLLOWING,
    **_IMAGES_AND_PUPILS,
}
