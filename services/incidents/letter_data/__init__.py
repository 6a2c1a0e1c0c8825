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
    ChildPublished,
    DealtWith,
    PostStillThere,
    PupilsBehaviour,
    RemovalAndMeeting,
    ReportClosed,
    ReportReceived,
    StaffCorrection,
    ToldOfAllegation,
    TrainingSet,
)
from incidents.letter_data.press_and_breach import BreachReport, BreachTold, PressSupport
from incidents.letter_data.referrals import (
    Evidence,
    HarmAnswer,
    Involved,
    LadoReferral,
    OnlineReport,
    PoliceReferral,
    PreventReferral,
    SocialCareReferral,
)

__all__ = [
    "LETTERS",
    "Alert",
    "AudienceNotice",
    "BreachReport",
    "BreachTold",
    "ChildPublished",
    "Clause",
    "ComplaintAcknowledged",
    "ComplaintDelayed",
    "ComplaintsProcedure",
    "Contact",
    "ContactLimited",
    "DealtWith",
    "Evidence",
    "HarmAnswer",
    "Involved",
    "LadoReferral",
    "Letter",
    "Moment",
    "OnlineReport",
    "OtherProcedure",
    "PanelDecision",
    "PanelInvitation",
    "PoliceReferral",
    "Post",
    "PostStillThere",
    "PressSupport",
    "PreventReferral",
    "PupilsBehaviour",
    "Recipient",
    "RemovalAndMeeting",
    "ReportClosed",
    "ReportReceived",
    "School",
    "SocialCareReferral",
    "StaffCorrection",
    "Stage1Decision",
    "ToldOfAllegation",
    "TrainingSet",
]

LETTERS: Final[Mapping[str, type[Letter]]] = {
    "L1": ReportReceived,
    "L2": RemovalAndMeeting,
    "L3": PostStillThere,
    "L6": ComplaintsProcedure,
    "L6b": OtherProcedure,
    "L7": ComplaintAcknowledged,
    "L8": ComplaintDelayed,
    "L9": Stage1Decision,
    "L10": PanelInvitation,
    "L11": PanelDecision,
    "L12": ContactLimited,
    "L13": AudienceNotice,
    "L16": PupilsBehaviour,
    "L17": StaffCorrection,
    "L17b": TrainingSet,
    "L18": ToldOfAllegation,
    "L19": PoliceReferral,
    "L20": LadoReferral,
    "L21": SocialCareReferral,
    "L22": PreventReferral,
    "L23": OnlineReport,
    "L24": PressSupport,
    "L24b": OnlineReport,
    "L25": BreachReport,
    "L26": BreachTold,
    "L27": ChildPublished,
    "L30": DealtWith,
    "L31": ReportClosed,
    **dict.fromkeys(("A1", "A2", "A4", "A5", "A6", "A6b", "A8", "A9", "A10", "A10b"), Alert),
}
