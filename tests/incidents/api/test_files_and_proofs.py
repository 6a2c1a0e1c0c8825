"""What can be taken away: captured evidence, the bundle, the checkpoint and its proofs."""

import io
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from incidents.evidence.verify import (
    Outside,
    PublicKey,
    check_bundle,
    extends,
    includes,
    read_checkpoint,
    unb64,
)
from tests.incidents.api.school import Client
from tests.incidents.api.stages import assessed, evidence

CONTENT = b"<script>alert(1)</script>"


async def test_captured_evidence_is_given_back_as_it_was_and_never_shown(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "capture-evidence", evidence(CONTENT))
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    answer = await client.get("slt", f"{case.path}/evidence/{item['evidence']}")
    assert answer.content == CONTENT
    assert sha256(answer.content).hexdigest() == item["sha256"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="evidence-{item["evidence"]}.txt"'
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_evidence_goes_to_who_handles_the_case_and_to_nobody_else(client: Client) -> None:
    case = await client.report(on_school_account=True)
    await case.done("slt", "capture-evidence", evidence())
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    path = f"{case.path}/evidence/{item['evidence']}"
    got = {who: (await client.get(who, path)).status_code for who in client.life.tokens}
    handling = dict.fromkeys(("slt", "second_deputy", "headteacher", "moderator"), 200)
    knowing = dict.fromkeys(("staff", "auditor"), 403)
    assert got == {**dict.fromkeys(client.life.tokens, 404), **handling, **knowing}


async def test_what_was_only_described_has_no_file(client: Client) -> None:
    case = await client.report()
    await case.done("slt", "describe-evidence", {
        "kind": "screenshot", "label": "A picture", "description": "A picture of the gate.",
        "reason": "It had disappeared by then.",
    })  # fmt: skip
    (item,) = (await client.get("slt", case.path)).json()["evidence"]
    answer = await client.get("slt", f"{case.path}/evidence/{item['evidence']}")
    assert answer.status_code == 404


async def test_the_bundle_verifies_away_from_here(client: Client, tmp_path: Path) -> None:
    case = await assessed(client)
    client.life.follow()
    for who in ("headteacher", "auditor"):
        answer = await client.get(who, f"{case.path}/bundle")
        assert answer.status_code == 200
        file = tmp_path / f"{who}.zip"
        file.write_bytes(answer.content)
        result = check_bundle(file, Outside())
        assert result.findings == []
        assert f"the last is version {case.version}" in result.notes[0]


async def test_the_bundle_of_an_auditor_holds_no_words(client: Client) -> None:
    case = await assessed(client)
    client.life.follow()
    answer = await client.get("auditor", f"{case.path}/bundle")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"insults the class teacher" not in everything
    assert b"The parent" not in everything
    assert b"[withheld]" in everything


async def test_the_bundle_continues_a_checkpoint_that_was_kept(
    client: Client, tmp_path: Path
) -> None:
    case = await client.report()
    client.life.follow()
    kept = (await client.get("auditor", "/api/audit/checkpoint")).content
    size = kept.decode().splitlines()[1]
    await case.done("slt", "start-assessment")
    client.life.follow()
    file = tmp_path / "case.zip"
    answer = await client.get("auditor", f"{case.path}/bundle?since={size}")
    file.write_bytes(answer.content)
    result = check_bundle(file, Outside(kept=kept))
    assert result.findings == []
    assert any("continues the checkpoint" in note for note in result.notes)


async def test_a_bundle_that_no_checkpoint_covers_yet_can_be_asked_again(client: Client) -> None:
    case = await client.report()
    answer = await client.get("headteacher", f"{case.path}/bundle")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    client.life.follow()
    assert (await client.get("headteacher", f"{case.path}/bundle")).status_code == 200


async def test_a_reporter_gets_no_bundle(client: Client) -> None:
    case = await client.report()
    client.life.follow()
    assert (await client.get("staff", f"{case.path}/bundle")).status_code == 403
    assert (await client.get("second_teacher", f"{case.path}/bundle")).status_code == 404


async def test_a_receipt_is_proved_by_its_position(client: Client) -> None:
    case = await client.report()
    receipt = (await case.done("slt", "start-assessment"))["receipt"][0]
    client.life.follow()
    note = (await client.get("auditor", "/api/audit/checkpoint")).content
    checkpoint = read_checkpoint(note, _key(client))
    proof = (await client.get("auditor", f"/api/audit/proof?position={receipt['position']}")).json()
    assert proof["state_sha256"] == receipt["sha256"]
    assert proof["size"] == checkpoint.size
    assert includes(
        proof["event"]["index"],
        proof["size"],
        unb64(proof["leaf_hash"], "the leaf"),
        tuple(unb64(one, "a hash") for one in proof["event"]["proof"]),
        checkpoint.root,
    )


async def test_two_checkpoints_are_proved_to_continue_each_other(client: Client) -> None:
    client.life.follow()
    first = read_checkpoint(
        (await client.get("chair", "/api/audit/checkpoint")).content, _key(client)
    )
    await client.report()
    client.life.follow()
    second = read_checkpoint(
        (await client.get("chair", "/api/audit/checkpoint")).content, _key(client)
    )
    answer = await client.get("chair", f"/api/audit/proof?first={first.size}&second={second.size}")
    hashes = tuple(unb64(one, "a hash") for one in answer.json()["proof"])
    assert extends(first.size, second.size, first.root, second.root, hashes)


@pytest.mark.parametrize(
    "query",
    ["", "position=1&first=1&second=2", "first=1", "second=1",      "position=-1", "position=x"],
)  # fmt: skip
async def test_a_proof_asks_for_one_thing(client: Client, query: str) -> None:
    client.life.follow()
    assert (await client.get("auditor", f"/api/audit/proof?{query}")).status_code == 400


async def test_there_is_no_proof_between_sizes_that_the_log_never_had(client: Client) -> None:
    client.life.follow()
    for query in ("first=2&second=1", "first=1&second=999999"):
        assert (await client.get("auditor", f"/api/audit/proof?{query}")).status_code == 404


async def test_there_is_no_proof_of_what_is_not_there_or_not_ones_own(client: Client) -> None:
    about_head = [{"part": "subject", "role": "headteacher", "user": _user(client, "headteacher")}]
    walled = await client.report(people=about_head)
    case = await client.report(who="outsider")
    store = client.life.installation.store
    client.life.follow()
    elsewhere, hidden = store.stored(case.id)[0].position, store.stored(walled.id)[0].position
    for who, position, status in [
        ("auditor", elsewhere, 404),
        ("outsider", elsewhere, 200),
        ("headteacher", hidden, 404),
        ("chair", hidden, 200),
        ("auditor", 0, 404),
        ("auditor", 10**9, 404),
        ("slt", hidden, 403),
    ]:
        answer = await client.get(who, f"/api/audit/proof?position={position}")
        assert answer.status_code == status, (who, answer.text)


async def test_checkpoints_are_for_those_who_may_ask_for_proofs(client: Client) -> None:
    client.life.follow()
    provers = {
        "auditor",
        "headteacher",
        "dsl",
        "dpo",
        "chair",
        "vice_chair",
        "authority",
        "outsider",
    }
    for who in client.life.tokens:
        answer = await client.get(who, "/api/audit/checkpoint")
        assert answer.status_code == (200 if who in provers else 403), who


async def test_without_a_checkpoint_one_is_asked_to_come_back(client: Client) -> None:
    answer = await client.get("auditor", "/api/audit/checkpoint")
    assert answer.status_code == 503


def _key(client: Client) -> PublicKey:
    return client.life.installation.checkpoints.key()


def _user(client: Client, name: str) -> str:
    return str(client.life.users[name])
