"""What may leave for a letter: one Struct per letter, and nothing else can be printed.

The notifier asks for the facts of one letter by NATS request-reply and gets exactly the Struct
named in `LETTERS`; the JSON Schema of each is published under `schemas/letters/` and every template
is checked against it when it is saved. Dates are dates of the school's own calendar; a `Moment` is
aware, in the school's own time zone (a letter prints the clock as it stands). What is named by a
code in the case (a platform, a category, a role) stands here in words, as a letter would say it.
"""

from collections.abc import Mapping
from typing import Final

from incidents.letter_data.common import Clause, Contact, Letter, Moment, Post, Recipient, School
from incidents.letter_data.complaints import (
    ComplaintAcknowledged,
    ComplaintDelayed,
    ComplaintsProcedure,
    ContactLimited,
    OtherProcedure,
    PanelDecision,
    PanelInvitation,
    Stage1Decision,
)
from incidents.letter_data.conduct import (
    Alert,
    AudienceNotice,
    RemovalAndMeeting,
    ReportClosed,
    ReportReceived,
    StaffCorrection,
)
from incidents.letter_data.referrals import (
    Evidence,
    HarmAnswer,
    Involved,
    LadoReferral,
    PoliceReferral,
)

__all__ = [
    "LETTERS",
    "Alert",
    "AudienceNotice",
    "Clause",
    "ComplaintAcknowledged",
    "ComplaintDelayed",
    "ComplaintsProcedure",
    "Contact",
    "ContactLimited",
    "Evidence",
    "HarmAnswer",
    "Involved",
    "LadoReferral",
    "Letter",
    "Moment",
    "OtherProcedure",
    "PanelDecision",
    "PanelInvitation",
    "PoliceReferral",
    "Post",
    "Recipient",
    "RemovalAndMeeting",
    "ReportClosed",
    "ReportReceived",
    "School",
    "StaffCorrection",
    "Stage1Decision",
]

LETTERS: Final[Mapping[str, type[Letter]]] = {
    "L1": ReportReceived,
    "L2": RemovalAndMeeting,
    "L6": ComplaintsProcedure,
    "L6b": OtherProcedure,
    "L7": ComplaintAcknowledged,
    "L8": ComplaintDelayed,
    "L9": Stage1Decision,
    "L10": PanelInvitation,
    "L11": PanelDecision,
    "L12": ContactLimited,
    "L13": AudienceNotice,
    "L17": StaffCorrection,
    "L19": PoliceReferral,
    "L20": LadoReferral,
    "L31": ReportClosed,
    "A1": Alert,
    "A4": Alert,
    "A8": Alert,
    "A10": Alert,
    "A10b": Alert,
}
