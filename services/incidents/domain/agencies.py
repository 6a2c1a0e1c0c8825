"""The agencies a school may turn to: who may refer, what it places, and by when it is decided.

One row each. Who may refer follows the permissions table; anybody may turn to children's social
care or Prevent himself, and to the police in an emergency. Where an agency investigates, the school
does not until it is cleared (Keeping Children Safe in Education, part four).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from incidents.domain.vocabulary import Agency, Due, Relation, Role

Who = Role | Relation


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms an agency is told.

    `holds`: the school waits for its clearance. `directly`: anybody may turn to it himself.
    `suspicion`: without an offence or harm in the assessment only a senior role decides on it.
    `decide_by` is when it is settled whether it is told, `answer_by` when it is chased first, and
    `review_by` when it is asked again after each answer.
    """

    who: tuple[Who, ...]
    letter: str
    holds: bool = False
    directly: bool = False
    suspicion: bool = True
    decide_by: Due | None = None
    answer_by: Due = Due.AGENCY_CHASE
    review_by: Due = Due.AGENCY_REVIEW


_SENIOR: Final = (Role.HEADTEACHER, Role.DSL, Role.CHAIR)
_LEADING: Final = (Role.HEADTEACHER, Role.DSL, Relation.LEAD, Role.CHAIR)

AGENCIES: Final[Mapping[Agency, Terms]] = {
    Agency.POLICE: Terms(
        who=(*_LEADING, Role.DPO),
        letter="L19",
        holds=True,
        directly=True,
        decide_by=Due.POLICE,
    ),
    # The LADO is the headteacher's to call: an SLT lead alone may not.
    Agency.LADO: Terms(
        who=_SENIOR,
        letter="L20",
        holds=True,
        directly=True,
        decide_by=Due.LADO,
        review_by=Due.LADO_REVIEW,
    ),
    Agency.SOCIAL_CARE: Terms(
        who=_LEADING,
        letter="L21",
        holds=True,
        directly=True,
        decide_by=Due.SOCIAL_CARE,
    ),
    Agency.PREVENT: Terms(who=_LEADING, letter="L22", directly=True),
    Agency.CEOP: Terms(who=_LEADING, letter="L23"),
    Agency.IWF: Terms(who=_LEADING, letter="L23"),
    Agency.HELPLINE: Terms(who=_LEADING, letter="L23", suspicion=False),
    Agency.ICO: Terms(who=(Role.DPO, *_SENIOR), letter="L25", suspicion=False),
    Agency.LANCASHIRE_CC: Terms(who=_SENIOR, letter="L24", suspicion=False),
}

DECIDED_ON: Final = frozenset(
    terms.decide_by for terms in AGENCIES.values() if terms.decide_by is not None
)
"""Deadlines that only a referral meets, or a reasoned decision against one."""
