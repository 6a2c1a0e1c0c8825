"""What goes into the letters about an enquiry of the press and about a data breach."""

from collections.abc import Mapping
from typing import Final

from incidents import letter_data as data
from incidents.domain.breach import BreachConfirmed, IcoDecided, SubjectsInformed
from incidents.domain.press import LaSupportRequested, PressEnquiryLogged
from incidents.domain.referring import ReferralMade
from incidents.letters.about import About, Facts, common, latest
from incidents.letters.lookup import Lookup, NotToBeSent


def _press_support(lookup: Lookup, about: About) -> data.Letter:
    case, event = about.case, about.of(LaSupportRequested)
    enquiry = latest(lookup, about, PressEnquiryLogged)
    return data.PressSupport(
        **common(lookup, about, about.event.actor.user),
        outlet=lookup.opened(case, enquiry.outlet),
        query=lookup.opened(case, enquiry.query),
        asked=lookup.opened(case, event.asked),
        received_at=lookup.local(case, enquiry.received_at),
        answer_by=lookup.local(case, enquiry.answer_by) if enquiry.answer_by else None,
    )


def _breach_report(lookup: Lookup, about: About) -> data.Letter:
    about.of(ReferralMade)
    case, decided = about.case, latest(lookup, about, IcoDecided)
    confirmed = latest(lookup, about, BreachConfirmed)
    if case.breach is None:
        raise NotToBeSent("nothing_to_tell")
    return data.BreachReport(
        **common(lookup, about, about.event.actor.user),
        aware_at=lookup.local(case, case.breach.aware_at),
        nature=lookup.opened(case, confirmed.nature),
        people_affected=confirmed.people_affected,
        consequences=lookup.opened(case, confirmed.consequences),
        measures=lookup.opened(case, confirmed.measures),
        reason=lookup.opened(case, decided.reason),
        late_because=lookup.words(case, decided.late_because),
    )


def _breach_told(lookup: Lookup, about: About) -> data.Letter:
    about.of(SubjectsInformed)
    case, confirmed = about.case, latest(lookup, about, BreachConfirmed)
    if case.breach is None:
        raise NotToBeSent("nothing_to_tell")
    return data.BreachTold(
        **common(lookup, about, about.event.actor.user),
        known_on=lookup.day(case, case.breach.aware_at),
        nature=lookup.opened(case, confirmed.nature),
        consequences=lookup.opened(case, confirmed.consequences),
        measures=lookup.opened(case, confirmed.measures),
    )


KINDS: Final[Mapping[str, Facts]] = {
    "L24": _press_support,
    "L25": _breach_report,
    "L26": _breach_told,
}
