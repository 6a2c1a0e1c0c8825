"""The answer to a COMMIT is lost: nobody is told that what was recorded was refused."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from deploy.demo.client import Answer, Http
from incidents.installation import EVENTS
from incidents.store import open_store
from tests.faults.crowd import REPORT
from tests.faults.cutter import Cutter
from tests.support.databases import Databases
from tests.support.postgres import APPLICATION, PostgresServer
from tests.support.waiting import until
from tests.support.whole import Whole, whole

LOGGED = "incidents.incident_logged"
ACKNOWLEDGED = "incidents.report_acknowledged"
FROM_THE_NOTIFIER = {"incidents.alert_sent", "incidents.letter_sent"}
"""The last of what becomes of a new report."""


@dataclass
class Cut:
    """An installation whose way to its database is cut when a test wants it."""

    running: Whole
    cutter: Cutter

    def post(self, who: str, path: str, body: Any, **headers: str) -> Answer:
        said = {
            "Authorization": f"Bearer {self.running.tokens[who]}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        http = Http(self.running.address)
        return http.request("POST", path, said, json.dumps(body).encode())

    def page(self, case: str) -> Answer:
        signed = {"Authorization": f"Bearer {self.running.tokens['slt']}"}
        return Http(self.running.address).request("GET", f"/api/cases/{case}", signed, None)

    def history(self, case: str) -> list[str]:
        client = self.running.client(patience=20)
        page = client.get("slt", f"/api/cases/{case}/history").json
        return [entry["event"] for entry in page["entries"]]

    @contextmanager
    def recorded(self, topic: str) -> Iterator[list[UUID]]:
        """A list that has, after the block, the cases in which this has happened in it."""
        found: list[UUID] = []
        with open_store(self.running.place, events=EVENTS) as store:
            before = store.head()
            yield found
            found += [one.stream for one in store.log(before, 10_000) if one.topic == topic]


@pytest.fixture(scope="module")
def whole_cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cut]:
    """One installation for this file."""
    with PostgresServer() as server:
        databases = Databases(server.url(), owner=APPLICATION)
        with (
            databases.fresh() as direct,
            Cutter(server.port, "caseward_events") as cutter,
            whole(
                tmp_path_factory.mktemp("whole"),
                database_url=direct.replace(f":{server.port}/", f":{cutter.port}/"),
                API_WORKERS="1",
            ) as running,
        ):
            yield Cut(running, cutter)
        databases.close()


@pytest.fixture
def cut(whole_cut: Cut) -> Cut:
    """The same, once everything works again."""
    whole_cut.cutter.open()
    until(whole_cut.running.runs)
    return whole_cut


def test_a_report_whose_commit_was_not_confirmed_is_acknowledged_and_there_once(
    cut: Cut,
) -> None:
    with cut.recorded(LOGGED) as cases:
        cut.cutter.lose()
        first = cut.post("staff", "/api/incidents", REPORT, Idempotency_Key="one")
        assert cut.cutter.lost.is_set()
        assert first.status == 201, first.body
        again = cut.post("staff", "/api/incidents", REPORT, Idempotency_Key="one")
        assert (again.status, again.json) == (201, first.json)
    assert cases == [UUID(first.json["case_id"])]


def test_a_command_whose_commit_was_not_confirmed_is_no_conflict_with_itself(cut: Cut) -> None:
    case = cut.post("staff", "/api/incidents", REPORT).json["case_id"]
    # What the notifier records of a new report would come in between.
    until(lambda: set(cut.history(case)) >= FROM_THE_NOTIFIER)
    with cut.recorded(ACKNOWLEDGED) as cases:
        tag = cut.page(case).headers["etag"]
        cut.cutter.lose()
        answer = cut.post("slt", f"/api/cases/{case}/acknowledge-report", {}, If_Match=tag)
        assert cut.cutter.lost.is_set()
        assert answer.status == 200, answer.body
    assert cases == [UUID(case)]


def test_what_cannot_be_looked_for_either_is_told_as_unknown_and_found_when_it_is_repeated(
    cut: Cut,
) -> None:
    with cut.recorded(LOGGED) as cases:
        cut.cutter.lose(shut=True)
        first = cut.post("staff", "/api/incidents", REPORT, Idempotency_Key="two")
        assert cut.cutter.lost.is_set()
        assert first.status == 503
        assert "retry-after" in first.headers
        assert "not known" in first.json["detail"]
        assert "Idempotency-Key" in first.json["detail"]
        cut.cutter.open()

        def repeated() -> Answer | None:
            answer = cut.post("staff", "/api/incidents", REPORT, Idempotency_Key="two")
            return None if answer.status == 503 else answer

        answer = until(repeated)
        assert answer is not None
        assert answer.status == 201, answer.body
    assert cases == [UUID(answer.json["case_id"])]
