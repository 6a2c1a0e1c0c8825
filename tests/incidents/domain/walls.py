"""Cases about those who would otherwise lead them, and one example of a declared conflict."""

from typing import Final

from msgspec.structs import replace

from incidents.domain.conflict import ConflictDeclared, DeclareConflict
from incidents.domain.intake import LogIncident, PersonInIncident
from incidents.domain.school import User
from incidents.domain.table import Command
from incidents.domain.vocabulary import Part, PersonRole
from tests.incidents.domain.cases import REPORT, assessing
from tests.incidents.domain.examples import Example, example
from tests.incidents.domain.school import SLT

TOO_CLOSE: Final = DeclareConflict(reason="The parent in this case is my sister's husband.")


def about(*people: User | PersonRole, part: Part = Part.SUBJECT) -> LogIncident:
    """A report about these: a role stands for somebody who is named without an account."""
    named = (
        PersonInIncident(part=part, role=one)
        if isinstance(one, PersonRole)
        else PersonInIncident(part=part, role=PersonRole.STAFF, user=one.id)
        for one in people
    )
    return replace(REPORT, people=tuple(named))


HAPPY: Final[dict[type[Command], Example]] = {
    DeclareConflict: example(assessing(), TOO_CLOSE, SLT, ConflictDeclared),
}
