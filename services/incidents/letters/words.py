"""Words for what the rules know as codes, as letters and alerts say them."""

from collections.abc import Mapping
from typing import Final

from incidents.domain.vocabulary import Due, HarmQuestion, ModerationAct, PersonRole, Role

ACTS: Final[Mapping[ModerationAct, str]] = {
    ModerationAct.BLOCKED: "blocked a user",
    ModerationAct.REPORTED: "reported a post to the platform",
    ModerationAct.DELETED: "removed a comment",
    ModerationAct.HIDDEN: "hidden a comment",
}
TO_DO: Final[Mapping[Due, str]] = {
    Due.ACKNOWLEDGE: "the report has not been acknowledged",
    Due.ASSESSMENT: "the assessment is not recorded",
    Due.URGENT_ASSESSMENT: "the urgent assessment is not recorded",
    Due.LADO: "the LADO has not been contacted, nor a decision against it recorded",
    Due.POLICE: "the police have not been contacted, nor a decision against it recorded",
    Due.SOCIAL_CARE: "social care has not been contacted, nor a decision against it recorded",
    Due.AGENCY_REVIEW: "the agency has not been asked how far it has come",
    Due.LADO_REVIEW: "the LADO has not been asked how far it has come",
    Due.AGENCY_CHASE: "the agency's answer has not been recorded",
    Due.REMOVAL_LETTER: "the request to remove the post has not been made",
    Due.POST_RECHECK: "nobody has recorded whether the post is still there",
    Due.MEETING: "the meeting has not been recorded",
    Due.REMEDY: "what was to be put right has not been recorded as done",
    Due.MODERATION: "the post on the school's account has not been dealt with",
    Due.AUDIENCE_NOTICE: "the audience has not been told why",
    Due.COMPLAINT_ACKNOWLEDGEMENT: "the complaint has not been acknowledged",
    Due.STAGE_1: "the first stage of the complaint is not decided",
    Due.STAGE_2_REQUEST: "the time to ask for the second stage has passed",
    Due.PANEL: "the panel has not met",
    Due.PANEL_PAPERS: "the panel's papers have not been sent",
    Due.PANEL_DECISION: "the complainant has not been told the panel's decision",
    Due.CONTACT_REVIEW: "the limits on somebody's contact have not been looked at again",
    Due.PRESS_HEAD_TOLD: "the headteacher has not been told of an enquiry from the press",
    Due.PRESS_SUPPORT: "the county council has not been asked for support with the press",
    Due.BREACH_REVIEW: "a suspected data breach has not been looked at",
    Due.ICO: "whether the Information Commissioner is told has not been decided",
    Due.REMOVAL_REMINDER: "the post is still there and nobody has asked a second time",
    Due.TAKEDOWN: "a picture that must not be published has not been taken down",
    Due.TRAINING: "a training has not been attended",
    Due.CLOSE: "the case has not been closed",
    Due.ACCOUNT_DECISION: "the application for an account is not decided",
    Due.ACCOUNT_LEAVER: "the account of whoever leaves is neither handed on nor closed",
    Due.ACCOUNT_MONITORING: "the account has not been looked at",
}
NAMELESS: Final[Mapping[PersonRole, str]] = {PersonRole.UNKNOWN: "role not known"}
QUESTIONS: Final[Mapping[HarmQuestion, str]] = {
    HarmQuestion.HARMED_A_CHILD: "Has the adult harmed a child, or may they have done?",
    HarmQuestion.POSSIBLE_OFFENCE_AGAINST_A_CHILD: (
        "Has the adult committed an offence against or related to a child, or may they have done?"
    ),
    HarmQuestion.MAY_POSE_A_RISK: "May the adult pose a risk of harm to children?",
    HarmQuestion.MAY_BE_UNSUITABLE: "May the adult be unsuitable to work with children?",
}
ROLE_WORDS: Final[Mapping[Role, str]] = {
    Role.STAFF: "Member of staff",
    Role.SLT: "Senior leadership team",
    Role.HEADTEACHER: "Headteacher",
    Role.DSL: "Designated safeguarding lead",
    Role.MODERATOR: "Administrator",
    Role.DPO: "Data protection officer",
    Role.CHAIR: "Chair of governors",
    Role.VICE_CHAIR: "Vice-chair of governors",
    Role.AUTHORITY: "Local authority",
    Role.EXTERNAL_DPO: "External data protection officer",
    Role.GOVERNOR: "Governor",
    Role.CLERK: "Clerk to the panel",
    Role.AUDITOR: "Auditor",
}
_RANK: Final = (Role.HEADTEACHER, Role.DSL, Role.SLT, Role.CHAIR, *ROLE_WORDS)


def title(roles: frozenset[Role]) -> str:
    """What somebody with these roles is called under a letter."""
    return next((ROLE_WORDS[role] for role in _RANK if role in roles), "Member of staff")
