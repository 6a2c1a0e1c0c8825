"""One good body for every operation that takes one: for the OpenAPI document, and for the tests."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from incidents.api.examples_beside import BESIDE
from incidents.api.examples_registers import REGISTERED
from incidents.api.letters import Approval, Resolution, Withdrawal
from incidents.api.session import OpenSession
from incidents.domain.assessment import (
    AssignLead,
    DecideNotToRefer,
    MarkOutOfScope,
    RecordAssessment,
    StartAssessment,
)
from incidents.domain.closing import CloseCase, RecordOutcome, ReopenCase
from incidents.domain.intake import (
    AcknowledgeReport,
    AddInformation,
    CorrectEntry,
    IdentifyPerson,
    LogIncident,
)
from incidents.domain.internal import (
    RecordMeeting,
    RecordPostStatus,
    RequestRemoval,
    StartInternalHandling,
)
from incidents.domain.moderation import (
    CaptureEvidence,
    DescribeEvidence,
    InformAudience,
    TakeModerationAction,
    WaiveNotice,
)
from incidents.domain.referring import MakeReferral, ResumeInternal
from incidents.domain.remedies import RecordRemedyMet, RequireRemedy
from incidents.domain.responses import RecordAgencyResponse
from incidents.domain.timers import WaiveDeadline

PERSON: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
LETTER: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b6"
USER: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b7"
FRIDAY: Final = "2026-11-20T16:30:00Z"
AHEAD: Final = "2027-01-13T15:30:00Z"

EXAMPLES: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    OpenSession: {},
    LogIncident: {
        "kind": "abuse",
        "categories": ["offensive", "harassing"],
        "platform": "Facebook",
        "observed_at": FRIDAY,
        "facts": "A post in a public group insults the class teacher.",
        "opinion": "I think it will be shared at the gate on Monday.",
        "post_url": "https://social.example.com/post/1",
        "people": [
            {"part": "subject", "role": "parent", "name": "The parent"},
            {"part": "affected", "role": "staff", "name": "The class teacher"},
        ],
    },
    AddInformation: {"text": "The post has been shared eleven times by now."},
    CorrectEntry: {
        "field": "post_url",
        "new": "https://social.example.com/post/2",
        "reason": "The first address was that of an answer.",
    },
    IdentifyPerson: {
        "person": PERSON,
        "name": "The parent",
        "salutation": "the parent",
        "email": "parent@example.com",
        "basis": "own_conduct",
    },
    AcknowledgeReport: {},
    StartAssessment: {},
    AssignLead: {"lead": USER, "reason": "The first lead is away until the new year."},
    RecordAssessment: {
        "scope": "professional",
        "finding": "unacceptable",
        "categories": ["offensive", "harassing"],
        "risks": ["bullying"],
        "scale": 2,
        "audience": 2,
        "permanency": 2,
        "harm": 2,
        "clauses": ["3.6", "6.3"],
        "rationale": "The words insult a member of staff in a group that anybody can read.",
    },
    MarkOutOfScope: {"reason": "Personal photographs that neither name nor affect the school."},
    DecideNotToRefer: {
        "agency": "police",
        "reason": "The words are rude but threaten nobody; the DSL agrees.",
        "consulted": USER,
    },
    StartInternalHandling: {"route": "parent"},
    RequestRemoval: {"person": PERSON, "meeting_slots": [AHEAD]},
    RecordPostStatus: {"status": "removed", "checked_at": FRIDAY},
    RecordMeeting: {
        "held_at": FRIDAY,
        "attendees": "The parent, the deputy",
        "agreed": "Concerns are brought to the office first.",
    },
    RequireRemedy: {
        "person": PERSON,
        "clauses": ["1.3"],
        "correction": "Add the disclaimer to the profile.",
        "correct_by": AHEAD,
        "support": "The administrator shows how it is done.",
    },
    RecordRemedyMet: {"remedy": LETTER, "seen": "The disclaimer stands on the profile."},
    MakeReferral: {
        "agency": "police",
        "method": "online_form",
        "reason": "The words may be a threatening communication.",
    },
    RecordAgencyResponse: {
        "agency": "police",
        "update": "An officer looks at it this week.",
        "reference_number": "REF-2026-1",
    },
    ResumeInternal: {},
    RecordOutcome: {
        "outcome": "removed_and_discussed",
        "summary": "The post is gone and the parent has talked with the deputy.",
    },
    CloseCase: {},
    ReopenCase: {"reason": "The post has appeared again."},
    CaptureEvidence: {
        "kind": "screenshot",
        "label": "The post as it stood",
        "media_type": "text/plain",
        "content": "VGhlIHBvc3QsIHdvcmQgZm9yIHdvcmQu",
        "captured_at": FRIDAY,
    },
    DescribeEvidence: {
        "kind": "screenshot",
        "label": "A picture seen on a phone",
        "description": "A picture of the school gate with a remark below it.",
        "reason": "The picture had disappeared before it could be captured.",
    },
    TakeModerationAction: {"act": "hidden", "clause": "4.2", "taken_at": FRIDAY},
    InformAudience: {"letter": LETTER, "posted_at": FRIDAY},
    WaiveNotice: {"reason": "A notice would tell everybody who is meant."},
    **BESIDE,
    **REGISTERED,
    WaiveDeadline: {"due": "meeting", "reason": "The parent has moved away."},
    Approval: {"document": "0" * 64},
    Withdrawal: {"reason": "The parent has come to the office already."},
    Resolution: {"delivered": True, "how_known": "The parent answered the letter."},
}
