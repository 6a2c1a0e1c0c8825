"""What goes into the letters to agencies: the case as an agency has to know it, without media."""

from collections.abc import Mapping
from typing import Any, Final

from incidents import letter_data as data
from incidents.domain.referring import ReferralMade
from incidents.domain.state import Case, Involvement
from incidents.domain.vocabulary import Agency
from incidents.letters.about import About, Facts, common, date_words
from incidents.letters.lookup import Lookup
from incidents.letters.words import ACTS, NAMELESS, QUESTIONS


def _police_referral(lookup: Lookup, about: About) -> data.Letter:
    said = about.case.assessment
    offences = [offence.replace("_", " ") for offence in said.offences] if said else []
    return data.PoliceReferral(**_referral(lookup, about), possible_offences=offences)


def _lado_referral(lookup: Lookup, about: About) -> data.Letter:
    event, said = about.of(ReferralMade), about.case.assessment
    answers = said.harm_test if said else {}
    return data.LadoReferral(
        **_referral(lookup, about),
        harm_test=[
            data.HarmAnswer(question=words, answer=answers[question])
            for question, words in QUESTIONS.items()
            if question in answers
        ],
        other_children=lookup.words(about.case, event.other_children),
        other_work=lookup.words(about.case, event.other_work),
    )


def _referral(lookup: Lookup, about: About) -> dict[str, Any]:
    case, event = about.case, about.of(ReferralMade)
    return {
        **common(lookup, about),
        "agency": about.files.directory[event.agency].name,
        "urgent": event.urgent,
        "kind": case.kind.replace("_", " ").capitalize(),
        "platform": lookup.opened(case, case.platform),
        "facts": lookup.opened(case, case.facts),
        "reason": lookup.opened(case, event.reason),
        "observed_at": lookup.local(about.case, case.observed_at),
        "posted_at": lookup.local(about.case, case.posted_at) if case.posted_at else None,
        "post_url": lookup.words(case, case.post_url),
        "child_words": lookup.words(case, case.child_words),
        "people": [_involved(lookup, case, p) for p in case.people.values()],
        "evidence": _evidence(lookup, about),
        "actions_taken": _taken(lookup, about, event.agency),
    }


def _involved(lookup: Lookup, case: Case, person: Involvement) -> data.Involved:
    return data.Involved(
        part=person.part,
        role=NAMELESS.get(person.role, person.role.replace("_", " ")),
        name=lookup.words(case, person.name),
    )


def _evidence(lookup: Lookup, about: About) -> list[data.Evidence]:
    return [
        data.Evidence(
            label=lookup.words(about.case, item.label) or item.kind,
            kind=item.kind,
            captured_at=lookup.local(about.case, item.captured_at),
            sha256=item.sha256,
        )
        for item in about.case.evidence.values()
    ]


def _taken(lookup: Lookup, about: About, agency: Agency) -> list[str]:
    """What the school has done so far, one line each."""
    case = about.case
    platform = lookup.opened(case, case.platform)
    lines = [
        f"{date_words(lookup, about, a.taken_at)}: {ACTS[a.act]} on {platform}"
        for a in case.actions.values()
    ]
    lines += [
        f"{date_words(lookup, about, r.made_at)}: referred to {about.files.directory[other].name}"
        for other, r in case.referrals.items()
        if other is not agency
    ]
    told = lookup.words(case, case.immediate_action)
    return [*lines, f"At the time: {told}"] if told else lines


def _social_care_referral(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(ReferralMade)
    return data.SocialCareReferral(
        **_referral(lookup, about),
        level=event.level,
        consent=event.consent.value if event.consent else None,
        no_consent_because=lookup.words(case, event.no_consent_because),
        other_children=lookup.words(case, event.other_children),
    )


def _prevent_referral(lookup: Lookup, about: About) -> data.Letter:
    return data.PreventReferral(**_referral(lookup, about))


def _online_report(lookup: Lookup, about: About) -> data.Letter:
    """Where it is and why it is passed on: no person, no words of a child, nothing that is held."""
    told = _referral(lookup, about)
    kept = {name: told[name] for name in data.OnlineReport.__struct_fields__ if name in told}
    return data.OnlineReport(**kept)


KINDS: Final[Mapping[str, Facts]] = {
    "L19": _police_referral,
    "L20": _lado_referral,
    "L21": _social_care_referral,
    "L22": _prevent_referral,
    "L23": _online_report,
    "L24b": _online_report,
}
