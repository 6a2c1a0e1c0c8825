"""Severity: the harm, or the reach where that is greater, and never below a floor."""

import pytest
from msgspec.structs import replace

from incidents.domain.assessment import (
    RecordAssessment,
    severity,
)
from incidents.domain.vocabulary import (
    Category,
    Flag,
)
from tests.incidents.domain.cases import (
    UNACCEPTABLE,
)


@pytest.mark.parametrize(
    ("scale", "audience", "permanency", "reach"),
    [
        (1, 1, 1, 1),
        (1, 1, 2, 1),
        (1, 1, 4, 2),
        (1, 2, 2, 2),
        (2, 2, 3, 2),
        (2, 3, 3, 3),
        (1, 4, 4, 3),
        (4, 3, 3, 3),
        (4, 4, 3, 4),
        (4, 4, 4, 4),
    ],
)
def test_reach_is_the_mean_of_three_rounded(
    scale: int, audience: int, permanency: int, reach: int
) -> None:
    said = replace(UNACCEPTABLE, scale=scale, audience=audience, permanency=permanency, harm=1)
    assert severity(said, frozenset()) == reach


def test_harm_outweighs_reach_and_reach_outweighs_harm() -> None:
    one = {"scale": 1, "audience": 1, "permanency": 1}
    four = {"scale": 4, "audience": 4, "permanency": 4}
    assert severity(replace(UNACCEPTABLE, **one, harm=4), frozenset()) == 4
    assert severity(replace(UNACCEPTABLE, **four, harm=1), frozenset()) == 4


@pytest.mark.parametrize(
    ("category", "floor"),
    [
        (Category.THREAT, 3),
        (Category.STAFF_PUPIL_CONTACT, 3),
        (Category.PUPIL_IMAGE_OFFCHANNEL, 3),
        (Category.LISTED_CHILD_PUBLISHED, 3),
        (Category.NUDE_OR_INDECENT_IMAGERY, 3),
        (Category.GROOMING_OR_EXPLOITATION, 3),
        (Category.OFFENSIVE, 1),
    ],
)
def test_some_categories_are_never_less_than_severe(category: Category, floor: int) -> None:
    assert severity(mild(category), frozenset()) == floor


@pytest.mark.parametrize(
    ("flag", "floor"),
    [(Flag.IMMEDIATE_DANGER, 4), (Flag.NUDE_IMAGERY, 3), (Flag.HATE, 1), (Flag.PRESS_RISK, 1)],
)
def test_some_flags_are_never_less_than_severe(flag: Flag, floor: int) -> None:
    assert severity(mild(Category.OTHER), frozenset({flag})) == floor


def mild(category: Category) -> RecordAssessment:
    return replace(UNACCEPTABLE, categories=(category,), scale=1, audience=1, permanency=1, harm=1)
