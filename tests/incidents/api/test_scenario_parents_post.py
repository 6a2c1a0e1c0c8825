"""A parent's post, from the report to the closed case, through REST alone.

The notifier's outcomes come in as they do from the broker: as commands of its own.
"""

from datetime import UTC, datetime

from incidents.domain.letters import RecordAlert
from incidents.domain.vocabulary import LetterForm
from tests.incidents.api.school import Client
from tests.incidents.api.stages import (
    ASSESSMENT,
    NOTIFIER,
    drafted,
    evidence,
    parent_of,
    sent,
)

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)


async def test_a_parents_post_from_report_to_closure(client: Client) -> None:
    clock, installation = client.life.clock, client.life.installation

    # Friday, 16:40: the teacher reports; whoever may lead is alerted, the reporter thanked.
    case = await client.report()
    alert = RecordAlert(
        alert=installation.new_id(),
        code="A1",
        prompted_by=installation.store.history(case.id)[0].event_id,
    )
    installation.cases.ask(NOTIFIER, case.id, alert, version=None)
    case.version += 1
    received = drafted(case, code="L1", form=LetterForm.EMAIL, needs_approval=False)
    sent(case, received)
    await case.done("slt", "capture-evidence", evidence())
    await case.done("slt", "acknowledge-report")
    await case.done("slt", "start-assessment")
    await case.done("slt", "record-assessment", ASSESSMENT)
    page = (await client.get("slt", case.path)).json()
    assert (page["stage"], page["assessment"]["severity"]) == ("assessed", 2)

    # The same evening: the parent is asked to remove the post and invited to talk.
    await case.done("slt", "start-internal-handling", {"route": "parent"})
    person = await parent_of(case)
    contact = {"email": "parent@example.com", "basis": "own_conduct"}
    await case.done(
        "slt", "identify-person", {"person": str(person), "name": "The parent", **contact}
    )
    slots = ["2026-11-25T15:30:00Z", "2026-11-26T08:30:00Z"]
    await case.done("slt", "request-removal", {"person": str(person), "meeting_slots": slots})
    invited = next(
        one.event_id
        for one in installation.store.history(case.id)
        if one.event.TOPIC == "incidents.meeting_invited"
    )
    letter = drafted(case, prompted_by=invited)

    # Who asked for the letter does not approve it: the headteacher reads it and does.
    (waiting,) = (await client.get("headteacher", "/api/letters?state=drafted")).json()["letters"]
    approve = f"/api/letters/{waiting['letter']}/approve"
    pinned = {"document": waiting["document"]}
    assert (await client.call("slt", "POST", approve, pinned)).status_code == 403
    approved = await client.call("headteacher", "POST", approve, pinned)
    assert approved.status_code == 200
    sent(case, letter)

    # Monday: the post is gone.
    clock.now = MONDAY
    gone = {"status": "removed", "checked_at": "2026-11-23T08:55:00Z"}
    await case.done("slt", "record-post-status", gone)

    # Wednesday: the meeting is held, the outcome recorded, the case closed.
    clock.now = WEDNESDAY
    await case.done("slt", "record-meeting", {
        "held_at": "2026-11-25T15:00:00Z",
        "attendees": "The parent, the deputy",
        "agreed": "Concerns are brought to the office first.",
    })  # fmt: skip
    early = await case.ask("slt", "close-case")
    assert early.status_code == 409
    await case.done("slt", "record-outcome", {
        "outcome": "removed_and_discussed",
        "summary": "The post is gone and the parent has talked with the deputy.",
    })  # fmt: skip
    closed = await case.done("slt", "close-case")
    assert closed["events"][0]["event"] == "incidents.case_closed"
    told = drafted(case, code="L31", form=LetterForm.EMAIL, needs_approval=False)
    sent(case, told)

    page = (await client.get("slt", case.path)).json()
    assert page["stage"] == "closed"
    assert {d["state"] for d in page["deadlines"]} == {"met"}
    assert {x["code"]: x["state"] for x in page["letters"]} == {
        "L1": "sent", "L2": "sent", "L31": "sent",
    }  # fmt: skip
    own = (await client.get("staff", case.path)).json()
    assert (own["stage"], own["sight"]) == ("closed", "status")
    assert "outcome" not in own
    entries = (await client.get("auditor", f"{case.path}/history")).json()["entries"]
    assert [entry["version"] for entry in entries] == list(range(1, case.version + 1))
