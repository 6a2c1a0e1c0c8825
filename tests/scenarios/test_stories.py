"""The stories themselves: told in order, by people who are there."""

from deploy.demo.narrator import PEOPLE
from deploy.demo.scenarios import SCENARIOS
from deploy.demo.steps import NOTIFIER
from incidents import demonstration


def test_no_story_goes_back_in_time() -> None:
    for scenario in SCENARIOS:
        moments = [step.at for step in scenario.steps]
        assert moments == sorted(moments), scenario.name


def test_everybody_in_a_story_works_at_the_demonstration_school_under_the_same_name() -> None:
    acting = {step.who for scenario in SCENARIOS for step in scenario.steps}
    for who in acting - {NOTIFIER}:
        assert demonstration.PEOPLE[who][0] == PEOPLE[who]
    assert acting <= PEOPLE.keys()


def test_every_story_is_about_a_scenario_of_its_own() -> None:
    assert [scenario.number for scenario in SCENARIOS] == [1, 3, 9]
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
