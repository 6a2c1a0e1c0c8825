"""A command that names another case: it is looked up for him who asks, and for nobody else."""

from uuid import UUID, uuid4

import pytest

from incidents.domain.assessment import StartAssessment
from incidents.domain.facts import CaseId
from incidents.domain.intake import PersonInIncident
from incidents.domain.links import LinkCase
from incidents.domain.parallel import LinkRelation
from incidents.domain.table import Refusal
from incidents.domain.vocabulary import Part, PersonRole
from tests.support.office import Office


def link(other: UUID) -> LinkCase:
    return LinkCase(
        other=CaseId(other),
        relation=next(iter(LinkRelation)),
        reason="The same parent wrote about both classes in one evening.",
    )


def refused(office: Office, case: UUID, other: UUID) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        office.ask("slt", case, link(other))
    return [reason.detail for reason in refusal.value.reasons]


def test_a_case_is_linked_with_another_that_its_lead_sees(office: Office) -> None:
    one, two = office.log(), office.log()
    office.ask("slt", one, StartAssessment())
    done = office.ask("slt", one, link(two.id))
    assert [recorded.event.TOPIC for recorded in done.events] == ["incidents.incidents_linked"]


def test_a_case_that_is_hidden_is_refused_as_one_that_is_not_there(office: Office) -> None:
    one = office.log()
    office.ask("slt", one, StartAssessment())
    himself = PersonInIncident(
        part=Part.SUBJECT, role=PersonRole.STAFF, user=office.id_of("slt"), name="The deputy"
    )
    hidden = office.log(people=(himself,))
    before = office.installation.store.head()
    assert refused(office, one.id, hidden.id) == refused(office, one.id, uuid4())
    assert office.installation.store.head() == before
