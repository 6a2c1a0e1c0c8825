"""Nude or indecent imagery: never captured, never viewed again to find out (UKCIS guidance)."""

import pytest
from msgspec.structs import replace

from incidents.domain.intake import LogIncident
from incidents.domain.moderation import EvidenceCaptured
from incidents.domain.vocabulary import (
    Category,
    Flag,
)
from tests.incidents.domain.cases import (
    EVIDENCE,
    REPORT,
    UNACCEPTABLE,
    assessing,
)
from tests.incidents.domain.school import (
    SLT,
)


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, flags=(Flag.NUDE_IMAGERY,)),
        replace(REPORT, categories=(Category.NUDE_OR_INDECENT_IMAGERY,)),
    ],
    ids=["by its flag", "by its category"],
)
def test_what_may_be_indecent_stays_locked_whatever_the_assessment_calls_it(
    report: LogIncident,
) -> None:
    """Nobody looks again in order to find out (UKCIS guidance)."""
    story = assessing(report)
    story.when(EVIDENCE, by=SLT).refused(because="nothing_indecent_is_copied")
    story = story.after(UNACCEPTABLE, by=SLT)
    story.when(EVIDENCE, by=SLT).refused(because="nothing_indecent_is_copied")
    assert story.case.severity == 3


def test_what_an_assessment_finds_to_be_indecent_is_locked_from_then_on() -> None:
    story = assessing()
    story.when(EVIDENCE, by=SLT).records(EvidenceCaptured)
    indecent = replace(UNACCEPTABLE, categories=(Category.NUDE_OR_INDECENT_IMAGERY,))
    story = story.after(indecent, by=SLT)
    story.when(EVIDENCE, by=SLT).refused(because="nothing_indecent_is_copied")
