"""What an agency is told: the facts and what has been done, without media or opinion."""

from typing import Annotated, Literal

import msgspec

from incidents.letter_data.common import Data, Letter, Moment


class Evidence(Data, frozen=True, kw_only=True):
    """An item the school holds; no SHA-256 (in hex) where it was described and not copied."""

    label: str
    kind: str
    captured_at: Moment
    sha256: str | None = None


class Involved(Data, frozen=True, kw_only=True):
    """A person in the case, as the agency needs to know him."""

    part: str
    """"subject" or "affected"."""
    role: str
    name: str | None = None


class Referral(Letter, frozen=True, kw_only=True):
    """What every referral says: the facts and what has been done, without media or opinion."""

    agency: str
    urgent: bool
    kind: str
    platform: str
    facts: str
    reason: str
    observed_at: Moment
    post_url: str | None = None
    posted_at: Moment | None = None
    child_words: str | None = None
    people: list[Involved] = msgspec.field(default_factory=list)
    evidence: list[Evidence] = msgspec.field(default_factory=list)
    actions_taken: list[str] = msgspec.field(default_factory=list)


class PoliceReferral(Referral, frozen=True, kw_only=True):
    """L19."""

    possible_offences: list[str] = msgspec.field(default_factory=list)


class HarmAnswer(Data, frozen=True, kw_only=True):
    question: str
    answer: bool


class LadoReferral(Referral, frozen=True, kw_only=True):
    """L20. The four harm questions answered, and what else the LADO asks first."""

    harm_test: Annotated[list[HarmAnswer], msgspec.Meta(min_length=4, max_length=4)]
    other_children: str | None = None
    other_work: str | None = None


class SocialCareReferral(Referral, frozen=True, kw_only=True):
    """L21. The level of need, whether the parents agree, and who else may be in need of help."""

    level: int | None = None
    consent: Literal["given", "refused", "not_sought"] | None = None
    no_consent_because: str | None = None
    other_children: str | None = None


class PreventReferral(Referral, frozen=True, kw_only=True):
    """L22. What was observed, and nothing about what anybody believes."""


class OnlineReport(Letter, frozen=True, kw_only=True):
    """L23, L24b: where it is and why it is passed on. No person, no words of a child."""

    agency: str
    urgent: bool
    reason: str
    platform: str
    observed_at: Moment
    post_url: str | None = None
    posted_at: Moment | None = None
