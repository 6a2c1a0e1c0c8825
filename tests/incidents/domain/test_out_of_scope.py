"""What is none of our business is closed; what may be harm is never waved away as that."""

import pytest
from msgspec.structs import replace

from incidents.domain.assessment import (
    MarkedOutOfScope,
    MarkOutOfScope,
)
from incidents.domain.closing import CaseClosed, ReopenCase
from incidents.domain.intake import LogIncident
from incidents.domain.timers import DeadlineMet
from incidents.domain.vocabulary import (
    Category,
    Flag,
    Part,
    Retention,
)
from tests.incidents.domain.cases import (
    ABOUT_A_CHILD,
    COLLEAGUE,
    DELETE,
    EVIDENCE,
    FORMER_PUPIL,
    ON_OUR_ACCOUNT,
    REPORT,
    acknowledged,
    assessing,
    closed_by_lado,
    draft,
)
from tests.incidents.domain.school import (
    DSL,
    HEADTEACHER,
    MODERATOR,
    NOTIFIER,
    OTHER_STAFF,
    SLT,
)

OUT_OF_SCOPE = MarkOutOfScope(reason="Holiday photos that neither name nor affect the school.")
WITH_DSL = replace(OUT_OF_SCOPE, second_person=DSL.id)


def test_what_is_none_of_our_business_is_closed_and_kept_for_the_shortest_time() -> None:
    story = (
        acknowledged(assessing())
        .when(OUT_OF_SCOPE, by=SLT)
        .records(MarkedOutOfScope, CaseClosed, DeadlineMet)
    )
    assert story.case.retention is Retention.OUT_OF_SCOPE
    assert story.case.open_deadlines == ()


def test_where_a_child_is_named_a_second_person_agrees() -> None:
    report = replace(REPORT, people=(replace(FORMER_PUPIL, part=Part.AFFECTED),))
    story = acknowledged(assessing(report))
    for alone in (OUT_OF_SCOPE, replace(OUT_OF_SCOPE, second_person=SLT.id)):
        story.when(alone, by=SLT).refused(because="named_child_needs_a_second_person")
    story.when(WITH_DSL, by=SLT).records(MarkedOutOfScope, CaseClosed, DeadlineMet)


def test_the_second_person_is_not_the_one_it_is_about() -> None:
    report = replace(REPORT, people=(COLLEAGUE, FORMER_PUPIL))
    asked = replace(OUT_OF_SCOPE, second_person=OTHER_STAFF.id)
    story = acknowledged(assessing(report))
    story.when(asked, by=SLT).refused(because="named_child_needs_a_second_person")


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, flags=(Flag.CHILD_AT_RISK,)),
        replace(REPORT, flags=(Flag.IMMEDIATE_DANGER,)),
        replace(REPORT, flags=(Flag.NUDE_IMAGERY,)),
        replace(REPORT, categories=(Category.NUDE_OR_INDECENT_IMAGERY,)),
        ABOUT_A_CHILD,
    ],
    ids=["child at risk", "danger", "imagery", "imagery by category", "staff and a pupil"],
)
def test_where_harm_is_suspected_the_case_is_assessed_and_not_waved_away(
    report: LogIncident,
) -> None:
    """The LADO's clock would be stopped, and counted as met, without anybody asking the LADO."""
    story = acknowledged(assessing(report))
    story.when(WITH_DSL, by=SLT).refused(because="no_harm_suspected")


def test_a_case_that_was_found_harmful_is_not_out_of_scope_after_it_was_reopened() -> None:
    story = closed_by_lado().after(
        ReopenCase(reason="The pupil has come forward again."), by=HEADTEACHER
    )
    story.when(WITH_DSL, by=SLT).refused(because="no_harm_suspected")


def test_out_of_scope_closes_no_case_whose_audience_waits_for_a_notice() -> None:
    report = replace(ON_OUR_ACCOUNT, categories=(Category.OFFENSIVE,))
    story = acknowledged(assessing(report)).after(EVIDENCE, by=SLT).after(DELETE, by=MODERATOR)
    story.when(OUT_OF_SCOPE, by=SLT).refused(because="audience_is_told")


def test_out_of_scope_closes_no_case_with_an_open_letter() -> None:
    story = acknowledged(assessing()).after(draft("L1"), by=NOTIFIER)
    story.when(OUT_OF_SCOPE, by=SLT).refused(because="no_open_letter")
