"""The field's words: every closed list the rules, the API and the stored events share.

The wire value of a word is its stored value: once an event carries it, it stays for ever.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta


class Role(StrEnum):
    """What a user is at one school. The last three are our own programs, never a person's role."""

    STAFF = "staff"
    SLT = "slt"
    HEADTEACHER = "headteacher"
    DSL = "dsl"
    MODERATOR = "moderator"
    DPO = "dpo"
    CHAIR = "chair"
    VICE_CHAIR = "vice_chair"
    """Stands in for a chair of governors who is concerned himself."""
    AUTHORITY = "authority"
    """An officer of the local authority: leads where nobody at the school may."""
    EXTERNAL_DPO = "external_dpo"
    """Stands in for a data protection officer who is concerned himself."""
    GOVERNOR = "governor"
    CLERK = "clerk"
    AUDITOR = "auditor"
    NOTIFIER = "notifier"
    TIMEKEEPER = "timekeeper"
    INSTALLER = "installer"


PEOPLES_ROLES = tuple(r for r in Role if r not in (Role.NOTIFIER, Role.TIMEKEEPER, Role.INSTALLER))
STANDING_IN = (Role.VICE_CHAIR, Role.AUTHORITY, Role.EXTERNAL_DPO)
REPORTING_ROLES = tuple(
    r for r in PEOPLES_ROLES if r not in (Role.GOVERNOR, Role.CLERK, Role.AUDITOR, *STANDING_IN)
)
"""Who may log an incident (permissions table, first row)."""


class Relation(StrEnum):
    """What a user is to one case."""

    REPORTER = "reporter"
    LEAD = "lead"
    INVESTIGATOR = "investigator"
    """Looks into a complaint for whoever decides it."""
    PANEL = "panel"
    """Sits on the panel that hears a complaint."""
    CONSULTED = "consulted"
    """Was asked for a second opinion and has not given it yet."""


class Section(StrEnum):
    """What stays closed also to those who see everything else of a case."""

    DISCIPLINARY = "disciplinary"
    LOW_LEVEL = "low_level"


class Stage(StrEnum):
    """Where a case stands on the main track."""

    REPORTED = "reported"
    ASSESSING = "assessing"
    ASSESSED = "assessed"
    INTERNAL = "internal"
    REFERRED = "referred"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Moderation(StrEnum):
    """Where the moderation track stands: no deletion without evidence, no silence afterwards."""

    NONE = "none"
    EVIDENCED = "evidenced"
    ACTIONED = "actioned"
    AUDIENCE_INFORMED = "audience_informed"
    NOTICE_WAIVED = "notice_waived"


class ReferralState(StrEnum):
    """Where the referral to one agency stands."""

    NONE = "none"
    DRAFTED = "drafted"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """The agency has taken it back: it was none of its business."""


class Agency(StrEnum):
    POLICE = "police"
    LADO = "lado"
    SOCIAL_CARE = "social_care"
    PREVENT = "prevent"
    CEOP = "ceop"
    """Online sexual abuse: the National Crime Agency's command."""
    IWF = "iwf"
    """The Internet Watch Foundation, for images. By description and URL only."""
    HELPLINE = "helpline"
    """The helpline for professionals, for advice and help with removal."""
    ICO = "ico"
    LANCASHIRE_CC = "lancashire_cc"


class Kind(StrEnum):
    """What the reporter takes it for. A classification is the assessor's."""

    ABUSE = "abuse"
    PARENT_COMPLAINT = "parent_complaint"
    ILLEGAL_CONDUCT_SUSPECTED = "illegal_conduct_suspected"
    UNACCEPTABLE_CONDUCT = "unacceptable_conduct"
    PRESS_ENQUIRY = "press_enquiry"
    IMAGE_OR_DATA = "image_or_data"
    ACCOUNT_MATTER = "account_matter"
    OTHER = "other"


class Category(StrEnum):
    DEFAMATORY = "defamatory"
    DISCRIMINATORY = "discriminatory"
    OFFENSIVE = "offensive"
    HARASSING = "harassing"
    DATA_PROTECTION = "data_protection"
    CONFIDENTIALITY = "confidentiality"
    COPYRIGHT = "copyright"
    THREAT = "threat"
    IMPERSONATION = "impersonation"
    UNOFFICIAL_ACCOUNT = "unofficial_account"
    MISSING_DISCLAIMER = "missing_disclaimer"
    LOGO_MISUSE = "logo_misuse"
    PERSONAL_GAIN = "personal_gain"
    WORK_INFRASTRUCTURE_USE = "work_infrastructure_use"
    EXCESSIVE_USE = "excessive_use"
    STAFF_PUPIL_CONTACT = "staff_pupil_contact"
    COLLEAGUE_ABUSE = "colleague_abuse"
    INTERNAL_GRIEVANCE = "internal_grievance"
    DISREPUTE = "disrepute"
    COMMERCIALLY_SENSITIVE = "commercially_sensitive"
    INAPPROPRIATE_LINK = "inappropriate_link"
    IMAGE_WITHOUT_PERMISSION = "image_without_permission"
    PUPIL_IMAGE_OFFCHANNEL = "pupil_image_offchannel"
    LISTED_CHILD_PUBLISHED = "listed_child_published"
    COMPROMISING_IMAGE = "compromising_image"
    NUDE_OR_INDECENT_IMAGERY = "nude_or_indecent_imagery"
    CYBERBULLYING_PUPIL = "cyberbullying_pupil"
    EXTREMISM = "extremism"
    GROOMING_OR_EXPLOITATION = "grooming_or_exploitation"
    PRESS = "press"
    OTHER = "other"
    UNSURE = "unsure"
    """The reporter need not classify; an assessment may not use it."""


CHILD_CATEGORIES = frozenset(
    {
        Category.STAFF_PUPIL_CONTACT,
        Category.PUPIL_IMAGE_OFFCHANNEL,
        Category.LISTED_CHILD_PUBLISHED,
        Category.NUDE_OR_INDECENT_IMAGERY,
        Category.CYBERBULLYING_PUPIL,
        Category.GROOMING_OR_EXPLOITATION,
    }
)
DATA_CATEGORIES = frozenset(
    {
        Category.DATA_PROTECTION,
        Category.CONFIDENTIALITY,
        Category.IMAGE_WITHOUT_PERMISSION,
        Category.PUPIL_IMAGE_OFFCHANNEL,
        Category.LISTED_CHILD_PUBLISHED,
    }
)
IMAGERY_CATEGORIES = frozenset({Category.NUDE_OR_INDECENT_IMAGERY})
"""Never captured, copied or uploaded: describe only (UKCIS guidance on sharing nudes, 2024)."""


class Flag(StrEnum):
    CHILD_AT_RISK = "child_at_risk"
    IMMEDIATE_DANGER = "immediate_danger"
    NUDE_IMAGERY = "nude_imagery"
    HATE = "hate"
    PRESS_RISK = "press_risk"
    SELF_REPORTED = "self_reported"


class Source(StrEnum):
    """How the school came to know of it."""

    SEEN = "seen"
    TOLD = "told"
    RECEIVED = "received"
    PROACTIVE_MONITORING = "proactive_monitoring"


class PosterIdentity(StrEnum):
    KNOWN = "known"
    UNKNOWN = "unknown"
    ANONYMOUS = "anonymous"
    IMPERSONATING = "impersonating"


class Part(StrEnum):
    """What a person has to do with a case."""

    SUBJECT = "subject"
    AFFECTED = "affected"
    RELATED = "related"
    """A relative or partner of a subject: walled out like the subject."""


class PersonRole(StrEnum):
    STAFF = "staff"
    FORMER_STAFF = "former_staff"
    HEADTEACHER = "headteacher"
    CHAIR = "chair"
    """Of the governors."""
    GOVERNOR = "governor"
    PARENT = "parent"
    PUPIL = "pupil"
    FORMER_PUPIL = "former_pupil"
    PUBLIC = "public"
    UNKNOWN = "unknown"


STAFF_ROLES = frozenset({PersonRole.STAFF, PersonRole.FORMER_STAFF, PersonRole.HEADTEACHER})
CHILD_ROLES = frozenset({PersonRole.PUPIL, PersonRole.FORMER_PUPIL})


class ContactBasis(StrEnum):
    """Why the school may write to this person about this case."""

    PARENTAL_RESPONSIBILITY = "parental_responsibility"
    OWN_CONDUCT = "own_conduct"
    EMPLOYMENT = "employment"
    PERSON_AFFECTED = "person_affected"


class Language(StrEnum):
    """In which letters are written, by ISO 639-1. Without a word from the reader: English."""

    ENGLISH = "en"
    WELSH = "cy"


class Correctable(StrEnum):
    """The texts of a report that may be put right by a later entry."""

    FACTS = "facts"
    OPINION = "opinion"
    POST_URL = "post_url"
    CHILD_WORDS = "child_words"
    IMMEDIATE_ACTION = "immediate_action"


class Scope(StrEnum):
    """The policy's scope test."""

    PROFESSIONAL = "professional"
    PERSONAL_IN_SCOPE = "personal_in_scope"


class Finding(StrEnum):
    ACCEPTABLE = "acceptable"
    UNACCEPTABLE = "unacceptable"
    POSSIBLY_ILLEGAL = "possibly_illegal"


class Risk(StrEnum):
    SAFEGUARDING = "safeguarding"
    BULLYING = "bullying"
    REPUTATION = "reputation"


class Route(StrEnum):
    """How a case is handled inside the school."""

    PARENT = "parent"
    STAFF_CONDUCT = "staff_conduct"
    PUPIL_BEHAVIOUR = "pupil_behaviour"
    COLLEAGUE = "colleague"
    LOW_LEVEL = "low_level"
    """A concern about a colleague below the harm threshold."""


class RemedyKind(StrEnum):
    """What is put right: by correcting it or, with somebody else's work, by one of three ways."""

    CORRECT = "correct"
    PERMISSION = "permission"
    CREDIT = "credit"
    REMOVE = "remove"


class Offence(StrEnum):
    """A non-binding aid for the assessor: what police may look at. Defamation is civil law."""

    HARASSMENT = "harassment"
    MALICIOUS_COMMUNICATION = "malicious_communication"
    THREATENING_COMMUNICATION = "threatening_communication"
    """Online Safety Act 2023, s181."""
    FALSE_COMMUNICATION = "false_communication"
    """Online Safety Act 2023, s179."""
    STALKING = "stalking"
    HATE_CRIME = "hate_crime"
    INDECENT_IMAGES = "indecent_images"
    """Protection of Children Act 1978; Criminal Justice Act 1988."""
    COMPUTER_MISUSE = "computer_misuse"
    PUBLIC_ORDER = "public_order"
    OTHER = "other"


class HarmQuestion(StrEnum):
    """The four questions of the harm threshold (Keeping Children Safe in Education, part four)."""

    HARMED_A_CHILD = "harmed_a_child"
    POSSIBLE_OFFENCE_AGAINST_A_CHILD = "possible_offence_against_a_child"
    MAY_POSE_A_RISK = "may_pose_a_risk"
    MAY_BE_UNSUITABLE = "may_be_unsuitable"


class EvidenceKind(StrEnum):
    SCREENSHOT = "screenshot"
    EXPORT = "export"
    MESSAGE = "message"
    DOCUMENT = "document"
    LINK = "link"


class ModerationAct(StrEnum):
    BLOCKED = "blocked"
    REPORTED = "reported"
    DELETED = "deleted"
    HIDDEN = "hidden"


class PostStatus(StrEnum):
    PRESENT = "present"
    REMOVED = "removed"


class ReferralMethod(StrEnum):
    EMERGENCY_CALL = "emergency_call"
    TELEPHONE = "telephone"
    ONLINE_FORM = "online_form"
    EMAIL = "email"


class Consent(StrEnum):
    """Of those with parental responsibility, to a referral to children's social care."""

    GIVEN = "given"
    REFUSED = "refused"
    NOT_SOUGHT = "not_sought"


class SharingBasis(StrEnum):
    CONSENT = "consent"
    SAFEGUARDING = "safeguarding"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_TASK = "public_task"
    VITAL_INTERESTS = "vital_interests"
    PREVENTION_OF_CRIME = "prevention_of_crime"


class AgencyDecision(StrEnum):
    NO_FURTHER_ACTION = "no_further_action"
    ADVICE_GIVEN = "advice_given"
    ACTION_TAKEN = "action_taken"
    RETURNED_TO_SCHOOL = "returned_to_school"


class Outcome(StrEnum):
    REMOVED_AND_DISCUSSED = "removed_and_discussed"
    CORRECTED = "corrected"
    AGENCY_ACTION = "agency_action"
    BEHAVIOUR_POLICY = "behaviour_policy"
    ADVICE_GIVEN = "advice_given"
    NO_FURTHER_ACTION = "no_further_action"


class Retention(StrEnum):
    """The class a case is kept under; the school's retention table gives each its period."""

    CHILD_PROTECTION = "child_protection"
    ALLEGATION = "allegation"
    MALICIOUS_OR_FALSE = "malicious_or_false"
    """An allegation that was: the link to the personnel record is cut at once."""
    COMPLAINT = "complaint"
    """Six years from its resolution."""
    LOW_LEVEL = "low_level"
    CONDUCT = "conduct"
    OUT_OF_SCOPE = "out_of_scope"


class LetterState(StrEnum):
    """How far a letter has come, as the case knows it."""

    NONE = "none"
    DRAFTED = "drafted"
    APPROVED = "approved"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    """Handed over, but the reply was lost: a person has to look whether it arrived."""
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class LetterForm(StrEnum):
    EMAIL = "email"
    PDF = "pdf"
    NOTICE = "notice"


class Due(StrEnum):
    """What has a deadline. The school's own table gives each its length and its clock."""

    ACKNOWLEDGE = "acknowledge"
    ASSESSMENT = "assessment"
    URGENT_ASSESSMENT = "urgent_assessment"
    LADO = "lado"
    POLICE = "police"
    SOCIAL_CARE = "social_care"
    AGENCY_CHASE = "agency_chase"
    AGENCY_REVIEW = "agency_review"
    """Once an agency has answered for the first time: weekly, until it closes."""
    LADO_REVIEW = "lado_review"
    REMOVAL_LETTER = "removal_letter"
    POST_RECHECK = "post_recheck"
    REMOVAL_REMINDER = "removal_reminder"
    MEETING = "meeting"
    REMEDY = "remedy"
    TRAINING = "training"
    """Outlives its case: the date stands."""
    MODERATION = "moderation"
    AUDIENCE_NOTICE = "audience_notice"
    COMPLAINT_ACKNOWLEDGEMENT = "complaint_acknowledgement"
    STAGE_1 = "stage_1"
    STAGE_2_REQUEST = "stage_2_request"
    """The complainant's: how long he may ask for the panel as of right."""
    PANEL = "panel"
    PANEL_PAPERS = "panel_papers"
    """Counted back from the hearing."""
    PANEL_DECISION = "panel_decision"
    CONTACT_REVIEW = "contact_review"
    """Outlives its case: the limits do."""
    PRESS_HEAD_TOLD = "press_head_told"
    PRESS_SUPPORT = "press_support"
    TAKEDOWN = "takedown"
    """A child who must not be published: within the hour."""
    BREACH_REVIEW = "breach_review"
    """The school's own: long before the 72 hours are over somebody has looked."""
    ICO = "ico"
    """72 running hours from the first awareness (UK GDPR, article 33)."""
    CLOSE = "close"
    ACCOUNT_DECISION = "account_decision"
    """Of an application for an account in the school's name."""
    ACCOUNT_LEAVER = "account_leaver"
    """On the last working day of whoever leads the account."""
    ACCOUNT_MONITORING = "account_monitoring"


class DeadlineState(StrEnum):
    OPEN = "open"
    MISSED = "missed"
    """Passed without being met: it stays to be met or waived with a reason."""
    MET = "met"
    WAIVED = "waived"


# What may be written in a body. Blank is no answer, nor is what nobody can see: spaces of all
# kinds, joiners, fillers. `$` alone also matches before a line break at the end, and a line break
# in an address is a header of its own in an e-mail: hence `(?!\n)`.
_BLANK = (
    r"\s\u00ad\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0"
)
_CONTROL = r"\u0000-\u001f\u007f"


def _at_least(visible: int) -> str:
    """A pattern for a text with so many visible characters."""
    return rf"^[{_BLANK}]*(?:[^{_BLANK}][{_BLANK}]*){{{visible}}}"


_ONE_LINE = rf"^[^{_CONTROL}]*[^{_CONTROL}{_BLANK}][^{_CONTROL}]*$(?!\n)"

Words = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=rf"[^{_BLANK}]")]
Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=_ONE_LINE)]
Reason = Annotated[str, Meta(min_length=10, max_length=4_000, pattern=_at_least(10))]
Rationale = Annotated[str, Meta(min_length=50, max_length=10_000, pattern=_at_least(50))]
Url = Annotated[str, Meta(max_length=2_000, pattern=r"^https?://[^\s/$.?#][^\s]*$(?!\n)")]
EmailAddress = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        r"@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$(?!\n)",
    ),
]
"""A dot-atom and a host name (RFC 5321): what every mail server takes."""
ClauseRef = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]*$(?!\n)")]
Platform = Annotated[str, Meta(min_length=1, max_length=60, pattern=_ONE_LINE)]
"""An open list: any interactive platform, games included (policy row 1).

Stored sealed: people write whose page it was.
"""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Level = Annotated[int, Meta(ge=1, le=4)]
Moment = Annotated[datetime, Meta(tz=True)]
"""Aware: without an offset nobody can tell which clock the time was read off."""
