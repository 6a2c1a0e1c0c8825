"""Every route and every role: what each may do, read off the tables and tried over HTTP."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from incidents.api.access_record import KEEPERS
from incidents.api.audit import PROVERS
from incidents.api.reference import LEADERS
from incidents.api.statistics import LEDGER, READERS
from incidents.domain.access import Sight, acting_role, sight
from incidents.domain.case import COMMANDS as ASKED
from incidents.domain.case import ROWS
from incidents.domain.facts import CaseId
from incidents.domain.glass import BREAKERS
from incidents.domain.registers import REGISTERS
from incidents.domain.registers.images import CHECKERS
from incidents.domain.registers.register import Register
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.domain.vocabulary import REPORTING_ROLES, Role
from tests.incidents.api.school import PEOPLE, CaseAt, Client, Template, open_school
from tests.incidents.api.stages import assessed, drafted, evidence, handled
from tests.security.routes import COMMANDS, OPERATIONS, Operation

ANYBODY: Final = {"me", "openSession", "endSession", "readPolicy", "listCases", "listLetters"}
BY_SIGHT: Final[Mapping[str, frozenset[Sight]]] = {
    "readCase": frozenset({Sight.STATUS, Sight.AUDIT, Sight.MODERATION, Sight.FULL}),
    "readHistory": frozenset({Sight.STATUS, Sight.AUDIT, Sight.MODERATION, Sight.FULL}),
    "replayCase": frozenset({Sight.AUDIT, Sight.MODERATION, Sight.FULL}),
    "readBundle": frozenset({Sight.AUDIT, Sight.FULL}),
    "readReaders": frozenset({Sight.AUDIT, Sight.FULL}),
    "readEvidence": frozenset({Sight.MODERATION, Sight.FULL}),
    "readLetter": frozenset({Sight.FULL}),
    "readLetterDocument": frozenset({Sight.FULL}),
    "approveLetter": frozenset({Sight.FULL}),
    "withdrawLetter": frozenset({Sight.FULL}),
    "resolveLetter": frozenset({Sight.FULL}),
}
BY_ROLE: Final[Mapping[str, frozenset[Role]]] = {
    "logIncident": frozenset(REPORTING_ROLES),
    "checkPublication": frozenset(CHECKERS),
    "listColleagues": LEADERS,
    "readCheckpoint": PROVERS,
    "readAccessRecord": KEEPERS,
    "breakGlass": frozenset(BREAKERS),
    "readProof": PROVERS,
    "readStatistics": READERS,
    "listDecisionsNotToAct": LEDGER,
}
OF_REGISTERS: Final = {
    id_
    for id_, operation in OPERATIONS.items()
    if any(f"{operation.path}/".startswith(f"/api/{one.path}/") for one in REGISTERS)
}
TOLD_SO: Final = {"readBundle", "readEvidence", "readReaders"}
"""Here somebody who sees the case, but not so much of it, is told so."""


def test_every_operation_stands_in_one_of_the_tables() -> None:
    open_to_all = {operation.id for operation in OPERATIONS.values() if operation.open}
    tables = [ANYBODY, set(BY_SIGHT), set(BY_ROLE), set(COMMANDS), set(OF_REGISTERS), open_to_all]
    assert set().union(*tables) == set(OPERATIONS)
    assert sum(map(len, tables)) == len(OPERATIONS)


async def test_without_a_token_there_is_no_answer(template: Template, tmp_path: Path) -> None:
    life = open_school(template, tmp_path / "var", failed_sign_ins_per_minute=1000)
    client = Client(life)
    for operation in OPERATIONS.values():
        answer = await operation.call(client, None)
        # No worker runs here, and readiness says so to everybody.
        told = 503 if operation.id == "ready" else 200
        assert answer.status_code == (told if operation.open else 401), operation.id
        assert operation.open or answer.headers["www-authenticate"] == "Bearer"
    await client.http.aclose()
    life.installation.close()


async def test_what_needs_no_case_goes_by_the_role(client: Client) -> None:
    client.life.follow()
    for who, (_, role) in PEOPLE.items():
        for id_ in ANYBODY - {"endSession"}:
            answer = await OPERATIONS[id_].call(client, who)
            assert answer.is_success, (who, id_, answer.text)
        for id_, roles in BY_ROLE.items():
            answer = await OPERATIONS[id_].call(client, who)
            # There is no case whose glass could be broken: who may is told just that.
            allowed = answer.status_code == 404 if id_ == "breakGlass" else answer.is_success
            assert allowed == (role in roles), (who, id_, answer.text)
            assert allowed or answer.status_code == 403
        answer = await OPERATIONS["endSession"].call(client, who)
        assert answer.status_code == 204


@pytest.mark.parametrize("stage", ["reported", "assessed", "handled", "about_the_head"])
async def test_what_is_read_of_a_case_goes_by_the_sight(client: Client, stage: str) -> None:
    case = await case_at(client, stage)
    await case.done(keeper(stage), "capture-evidence", evidence())
    letter = drafted(case)
    item = next(iter(loaded(case).evidence))
    for who in PEOPLE:
        much = sight(loaded(case), user(client, who))
        for id_, sights in BY_SIGHT.items():
            operation = OPERATIONS[id_]
            if operation.method != "GET":
                continue
            # An export is on record: what is read next waits until the views know of it.
            client.life.follow()
            answer = await operation.call(client, who, case=case.id, letter=letter, evidence=item)
            refused = 403 if much and id_ in TOLD_SO else 404
            assert answer.status_code == (200 if much in sights else refused), (who, id_)


@pytest.mark.parametrize("stage", ["reported", "assessed", "handled", "about_the_head"])
async def test_what_is_asked_on_a_case_goes_by_its_row(client: Client, stage: str) -> None:
    case = await case_at(client, stage)
    for command in COMMANDS.values():
        name = command.path.rpartition("/")[2]
        _, row = ROWS[ASKED[name]]
        for who in PEOPLE:
            now = loaded(case)
            asker = user(client, who)
            answer = await command.call(client, who, case=case.id, version=now.version)
            if sight(now, asker) is Sight.NONE:
                assert answer.status_code == 404, (who, name, answer.text)
            elif acting_role(now, asker, row.who) is None:
                assert is_not_theirs(answer), (who, name, answer.text)
            else:
                assert may_try(answer), (who, name, answer.text)


async def test_letters_are_decided_on_by_those_in_their_row(client: Client) -> None:
    case = await handled(client)
    letter = drafted(case)
    for id_ in ("approveLetter", "withdrawLetter", "resolveLetter"):
        _, row = ROWS[ASKED["-".join((id_.removesuffix("Letter"), "letter"))]]
        for who in PEOPLE:
            client.life.follow()
            now, asker = loaded(case), user(client, who)
            answer = await OPERATIONS[id_].call(client, who, letter=letter)
            if sight(now, asker) is not Sight.FULL:
                assert answer.status_code == 404, (who, id_, answer.text)
            elif acting_role(now, asker, row.who) is None:
                assert is_not_theirs(answer), (who, id_, answer.text)
            else:
                assert may_try(answer), (who, id_, answer.text)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.kind)
async def test_a_register_is_begun_listed_and_read_by_those_it_is_for(
    client: Client, register: Register[Any]
) -> None:
    begin, listed = operation_at("POST", register), operation_at("GET", register)
    entry = await begun(client, register)
    one = operation_at("GET", register, "/{entry_id}")
    history = operation_at("GET", register, "/{entry_id}/history")
    for who, (_, role) in PEOPLE.items():
        there, asker = entry_of(client, register, entry), user(client, who)
        answer = await begin.call(client, who)
        if role in register.begin.who:
            assert may_try(answer), (who, answer.text)
        else:
            assert is_not_theirs(answer), (who, answer.text)
        answer = await listed.call(client, who)
        shown = bool(register.ties) or role in register.sights
        assert answer.status_code == (200 if shown else 403), (who, answer.text)
        much = register.sight(there, asker)
        answer = await one.call(client, who, entry=entry)
        assert answer.status_code == (404 if much is Sight.NONE else 200), (who, answer.text)
        answer = await history.call(client, who, entry=entry)
        assert answer.status_code == (404 if much is Sight.NONE else 200), (who, answer.text)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.kind)
async def test_what_is_asked_on_an_entry_goes_by_its_row(
    client: Client, register: Register[Any]
) -> None:
    entry = await begun(client, register)
    for row in register.track.rows:
        if not row.for_people:
            continue
        command = operation_at("POST", register, f"/{{entry_id}}/{row.name}")
        for who in PEOPLE:
            now, asker = entry_of(client, register, entry), user(client, who)
            answer = await command.call(client, who, entry=entry, version=now.version)
            if register.sight(now, asker) is Sight.NONE:
                assert answer.status_code == 404, (who, row.name, answer.text)
            elif register.acting_role(now, asker, row.who) is None:
                assert is_not_theirs(answer), (who, row.name, answer.text)
            else:
                assert may_try(answer), (who, row.name, answer.text)


def operation_at(method: str, register: Register[Any], rest: str = "") -> Operation:
    path = f"/api/{register.path}{rest}"
    (found,) = (o for o in OPERATIONS.values() if (o.method, o.path) == (method, path))
    return found


async def begun(client: Client, register: Register[Any]) -> UUID:
    """An entry, begun by the first who may."""
    who = next(who for who, (_, role) in PEOPLE.items() if role in register.begin.who)
    begin = operation_at("POST", register)
    body = dict(begin.body or {})
    if "auditor" in body:
        body["auditor"] = str(client.life.users["auditor"])
    answer = await begin.call(client, who, body=body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def entry_of(client: Client, register: Register[Any], entry: UUID) -> Any:
    history = client.life.installation.store.history(entry)
    return register.replay(history)


def is_not_theirs(answer: httpx.Response) -> bool:
    rules = [reason["rule"] for reason in answer.json().get("reasons", ())]
    return answer.status_code == 403 and rules == ["role"]


def may_try(answer: httpx.Response) -> bool:
    """The role is right: what refuses now is a rule about the case, the body or two people."""
    rules = {reason["rule"] for reason in answer.json().get("reasons", ())}
    return answer.status_code in (200, 201, 403, 409, 422) and "role" not in rules


async def case_at(client: Client, stage: str) -> CaseAt:
    match stage:
        case "reported":
            return await client.report(on_school_account=True)
        case "assessed":
            return await assessed(client, finding="possibly_illegal")
        case "handled":
            return await handled(client)
        case _:
            head = {"part": "subject", "role": "headteacher"}
            return await client.report(
                people=[{**head, "user": str(client.life.users["headteacher"])}]
            )


def keeper(stage: str) -> str:
    return "staff" if stage == "about_the_head" else "slt"


def loaded(case: CaseAt) -> Case:
    return case.client.life.installation.cases.load(CaseId(case.id))


def user(client: Client, who: str) -> User:
    found = client.life.installation.users.sign_in(client.life.tokens[who])
    assert found is not None
    return found
