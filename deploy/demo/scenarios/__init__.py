"""The stories that `make demo` plays, line by line: who does what, when, and what must come of it.

Nothing in them is real: people are called by their roles, and every address is one that can't be
written to. The days are those of an autumn term; `play.Timeline` says what becomes of them.
"""

from typing import Final

from deploy.demo.scenarios.a_parents_post import A_PARENTS_POST
from deploy.demo.scenarios.a_threat import A_THREAT
from deploy.demo.scenarios.no_disclaimer import NO_DISCLAIMER

SCENARIOS: Final = (A_PARENTS_POST, A_THREAT, NO_DISCLAIMER)

__all__ = ["A_PARENTS_POST", "A_THREAT", "NO_DISCLAIMER", "SCENARIOS"]
