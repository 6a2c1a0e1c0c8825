"""What goes into alerts: the kind of thing to do and by when, never what happened."""

from collections.abc import Mapping
from typing import Final

from incidents import letter_data as data
from incidents.domain.conflict import ConflictDeclared
from incidents.domain.timers import DeadlineMissed
from incidents.domain.vocabulary import Due
from incidents.letters.about import About, Facts, common
from incidents.letters.lookup import Lookup
from incidents.letters.words import TO_DO


def _new_report(lookup: Lookup, about: About) -> data.Letter:
    what = "a new report is waiting to be taken in hand"
    return _alert(lookup, about, what, Due.ACKNOWLEDGE)


def _possible_offence(lookup: Lookup, about: About) -> data.Letter:
    what = "an assessment names a possible offence: decide on a referral to the police"
    return _alert(lookup, about, what, Due.POLICE)


def _danger(lookup: Lookup, about: About) -> data.Letter:
    return _alert(lookup, about, "somebody may be in danger: look at the case now", None)


def _press(lookup: Lookup, about: About) -> data.Letter:
    what = "a journalist has asked the school something: answer nothing before you have support"
    return _alert(lookup, about, what, Due.PRESS_HEAD_TOLD)


def _breach(lookup: Lookup, about: About) -> data.Letter:
    what = "personal data may have got out: look at it and decide who has to be told"
    return _alert(lookup, about, what, Due.BREACH_REVIEW)


def _published(lookup: Lookup, about: About) -> data.Letter:
    what = "a picture that must not be published is to be taken down at once"
    return _alert(lookup, about, what, Due.TAKEDOWN)


def _pattern(lookup: Lookup, about: About) -> data.Letter:
    return _alert(lookup, about, "several reports are to be looked at together", None)


def _deadline_passed(lookup: Lookup, about: About) -> data.Letter:
    event = about.of(DeadlineMissed)
    return _alert(lookup, about, TO_DO[event.due], None)


def _glass_broken(lookup: Lookup, about: About) -> data.Letter:
    what = "somebody has read a case that is not his to see, in an emergency: look at the reason"
    return _alert(lookup, about, what, None)


def _conflict(lookup: Lookup, about: About) -> data.Letter:
    led = about.of(ConflictDeclared).led
    what = "a colleague has a conflict of interest: " + (
        "the case needs another lead" if led else "the case is closed to him"
    )
    return _alert(lookup, about, what, None)


def _alert(lookup: Lookup, about: About, what: str, due: Due | None) -> data.Letter:
    deadline = about.case.deadlines.get(due) if due else None
    act_by = lookup.local(about.case, deadline.due_at) if deadline else None
    return data.Alert(**common(lookup, about), about=what, act_by=act_by)


KINDS: Final[Mapping[str, Facts]] = {
    "A1": _new_report,
    "A4": _possible_offence,
    "A2": _danger,
    "A5": _press,
    "A6": _breach,
    "A6b": _published,
    "A8": _deadline_passed,
    "A9": _pattern,
    "A10": _glass_broken,
    "A10b": _conflict,
}
