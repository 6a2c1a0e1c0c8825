"""A case about somebody who works here does not exist for him."""

from pathlib import Path
from uuid import UUID

import pytest

from deploy.demo.scenarios.no_disclaimer import NO_DISCLAIMER, PROFILE_REPORTED
from deploy.demo.steps import sees_nothing, user
from tests.scenarios.told import Told, Week
from tests.scenarios.town import town
from tests.support.nats_server import NatsServer
from tests.support.smtp_server import SmtpServer

NOBODYS = UUID(int=0x01A204B01E8D7A24ACD4958E0570E6FE)
SUBJECT = "second_staff"


def addresses(case: object, letter: object, evidence: object) -> list[str]:
    on_case, on_letter = f"/api/cases/{case}", f"/api/letters/{letter}"
    return [
        on_case,
        f"{on_case}/history",
        f"{on_case}/replay?version=1",
        f"{on_case}/bundle",
        f"{on_case}/evidence/{evidence}",
        on_letter,
        f"{on_letter}/pdf",
    ]


def test_whatever_the_subject_asks_for_is_as_if_it_did_not_exist(week: Week) -> None:
    told = week.profile
    letter, evidence = told.letter("L17")["letter"], told.page["evidence"][0]["evidence"]
    theirs = addresses(told.case_id, letter, evidence)
    for there, nowhere in zip(theirs, addresses(NOBODYS, NOBODYS, NOBODYS), strict=True):
        walled, absent = (week.town.as_(SUBJECT, "GET", path) for path in (there, nowhere))
        assert walled.status == 404
        assert (walled.status, walled.body) == (absent.status, absent.body)


def test_whatever_the_subject_tries_to_do_is_as_if_it_did_not_exist(week: Week) -> None:
    town, told = week.town, week.profile
    signed = {
        "Authorization": f"Bearer {town.tokens[SUBJECT]}",
        "If-Match": f'"{len(told.history)}"',
    }
    offered = [action["href"] for action in told.page["actions"]]
    tried = [path for path in offered if path.startswith(f"/api/cases/{told.case_id}/")]
    assert len(tried) > 10
    for there in tried:
        nowhere = there.replace(told.case_id, str(NOBODYS))
        walled, absent = (town.door.request("POST", p, signed, None) for p in (there, nowhere))
        # 422: the body was looked at first, for the case that exists as for the one that does not.
        assert walled.status in (404, 422)
        assert (walled.status, walled.body) == (absent.status, absent.body)
    history = town.as_("headteacher", "GET", f"/api/cases/{told.case_id}/history").json
    assert len(history["entries"]) == len(told.history)


@pytest.mark.parametrize("narrowed", ["", "&stage=closed", "&overdue=false", "&q={reference}"])
def test_the_subjects_lists_are_empty_in_every_way(week: Week, narrowed: str) -> None:
    position = week.profile.history[-1]["position"]
    asked = narrowed.format(reference=week.profile.reference)
    listed = week.town.as_(SUBJECT, "GET", f"/api/cases?position={position}{asked}")
    assert (listed.status, listed.json) == (200, {"cases": []})
    letters = week.town.as_(SUBJECT, "GET", f"/api/letters?position={position}")
    assert (letters.status, letters.json) == (200, {"letters": []})


def test_the_others_do_find_the_case_in_their_lists(week: Week) -> None:
    asked = f"/api/cases?q={week.profile.reference}"
    for who in ("staff", "slt", "headteacher", "auditor"):
        [found] = week.town.as_(who, "GET", asked).json["cases"]
        assert found["case_id"] == week.profile.case_id


def test_a_leader_who_is_the_subject_is_walled_out_and_the_alert_goes_past_her(
    tmp_path: Path, nats_server: NatsServer, smtp_server: SmtpServer
) -> None:
    deputy = {"part": "subject", "role": "staff", "name": "The deputy", "user": user("slt")}
    first = NO_DISCLAIMER.steps[0]
    with town(tmp_path, nats_server, smtp_server, first.at) as running:
        play = running.begin()
        play.timeline.begin(first.at)
        play.report(first.who, {**PROFILE_REPORTED, "people": [deputy]})
        play.alerts("A1", 1)
        sees_nothing(play, "slt")
        told = Told(running, play)
        to = [address for mail in told.alerted("A1") for address in mail.recipients]
        assert to == ["headteacher@demonstration.example.org"]
        assert [case["case_id"] for case in play.listed("headteacher")] == [play.case_id]


def test_nothing_about_the_case_was_mailed_to_the_subjects_account(week: Week) -> None:
    to = [address for mail in week.town.mail.mails for address in mail.recipients]
    assert "second-staff@demonstration.example.org" not in to
