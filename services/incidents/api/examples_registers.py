"""One good body for every request to the registers."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from incidents.domain.registers.account import (
    ApproveApplication,
    AssignMonitors,
    CloseAccount,
    CreateAccount,
    RecordCustody,
    RecordLeadLeaving,
    RecordMonitoringCheck,
    RefuseApplication,
    SubmitApplication,
    TransferAccount,
)
from incidents.domain.registers.advice import (
    GivePublicationAdvice,
    GiveSecondAdvice,
    SeekPublicationAdvice,
    SeekSecondAdvice,
)
from incidents.domain.registers.grants import GrantAccess, ProposeGrant, RevokeAccess
from incidents.domain.registers.images import (
    CheckPublication,
    RecordObjection,
    WithdrawObjection,
)
from incidents.domain.registers.policies import AcknowledgePolicy, AdoptPolicyVersion

_USER: Final = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b7"
_FRIDAY: Final = "2026-11-20T16:30:00Z"
_KEPT: Final = {
    "custodian": _USER,
    "kept_in": "password_manager",
    "reference": "school accounts, entry 12",
}

REGISTERED: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    ProposeGrant: {
        "auditor": _USER,
        "until": "2027-01-29T17:00:00Z",
        "purpose": "The yearly audit of how concerns are dealt with.",
    },
    GrantAccess: {},
    RevokeAccess: {"reason": "The audit has ended sooner than expected."},
    SubmitApplication: {
        "platform": "Twitter",
        "name": "The school's news",
        "purpose": "To tell parents what happens at the school.",
    },
    ApproveApplication: {"monitors": [_USER], "check_every": 5},
    RefuseApplication: {"reason": "The newsletter serves the same purpose."},
    CreateAccount: {
        "created_at": _FRIDAY,
        "url": "https://social.example.com/the-school",
        **_KEPT,
    },
    RecordCustody: _KEPT,
    AssignMonitors: {"monitors": [_USER], "check_every": 5},
    RecordMonitoringCheck: {"checked_at": _FRIDAY, "findings": "Nothing out of the ordinary."},
    RecordLeadLeaving: {"last_day": "2026-12-18"},
    TransferAccount: {"lead": _USER, "password_changed": True, **_KEPT},
    CloseAccount: {"closed_at": _FRIDAY, "reason": "Nobody reads it any more."},
    RecordObjection: {
        "name": "The pupil",
        "role": "pupil",
        "objected_by": "parent_or_carer",
        "received_at": _FRIDAY,
    },
    WithdrawObjection: {"withdrawn_at": _FRIDAY, "withdrawn_by": "parent_or_carer"},
    CheckPublication: {"names": ["The pupil", "The class teacher"]},
    AdoptPolicyVersion: {"edition": "2026/1", "adopted_on": "2026-09-01"},
    AcknowledgePolicy: {},
    SeekPublicationAdvice: {
        "platform": "Twitter",
        "draft": "Our view of the plans for a new road past the school.",
    },
    GivePublicationAdvice: {
        "verdict": "change_first",
        "words": "Say what it means for the pupils, and leave the council's motives out.",
    },
    SeekSecondAdvice: {"question": "Is it for the school to say anything at all?"},
    GiveSecondAdvice: {
        "verdict": "do_not_publish",
        "words": "It is a political question: the governors answer it.",
    },
}
