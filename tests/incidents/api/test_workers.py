"""Several processes answer on one port as one would, and the end of one is not the end of all."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil
import pytest

from deploy.demo.client import Answer, Http
from deploy.ports import LOOPBACK, free_port, http_status
from tests.incidents.api.school import HERE, SchoolLife, Template, open_school, report
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[3]
CROWD: Final = 40
"""So many connections are hardly ever all given to the same one of two."""


class Served:
    """A running `serve` and what can be asked of it, every time on a connection of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, printed: Path) -> None:
        self.process = process
        self.port = port
        self._printed = printed

    @property
    def output(self) -> str:
        return self._printed.read_text()

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def ask(self, method: str, path: str, token: str = "", body: object = None) -> Answer:
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        said = {"Content-Type": "application/json", "Idempotency-Key": "once"} if body else {}
        content = json.dumps(body).encode() if body else None
        return Http(f"http://{LOOPBACK}:{self.port}").request(method, path, signed | said, content)

    def statuses(self, token: str, path: str = "/api/me") -> set[int]:
        return {self.ask("GET", path, token).status for _ in range(CROWD)}

    def both_answer(self) -> bool:
        """Whether each of two has answered somebody since it began."""
        self.ask("GET", "/health/live")
        told = self.ask("GET", "/metrics").body.decode()
        return set(re.findall(r'_total\{.*worker="(\d)"', told)) == {"1", "2"}


@contextmanager
def served(var: Path, folder: Path, workers: int = 2) -> Iterator[Served]:
    port, printed = free_port(), folder / "printed"
    around = {"PYTHONPATH": str(ROOT / "services"), "VAR": str(var), "PORT": str(port)}
    around |= {"SCHOOL_DIR": str(var / "schools"), "API_WORKERS": str(workers)}
    with printed.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "incidents", "serve"],
            env={**os.environ, **around},
            stdout=file,
            stderr=file,
        )
    running = Served(process, port, printed)
    try:

        def answers() -> bool:
            assert process.poll() is None, running.output
            return http_status(LOOPBACK, port, "/health/live") == 200

        until(answers)
        yield running
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def life(template: Template, tmp_path: Path) -> Iterator[SchoolLife]:
    life = open_school(template, tmp_path / "var")
    # The processes go by the clock of the machine: so must their tokens.
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for who in ("staff", "slt"):
        issued = life.installation.users.issue_token(HERE, life.users[who], tomorrow)
        life.tokens[who] = issued
    yield life
    life.installation.close()


@pytest.fixture
def running(life: SchoolLife, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "var", tmp_path) as running:
        until(running.both_answer)
        yield running


def test_a_worker_that_was_killed_is_missed_by_nobody_and_comes_back(
    life: SchoolLife, running: Served
) -> None:
    one, other = running.workers
    one.kill()
    until(lambda: one.pid not in [worker.pid for worker in running.workers])
    assert running.statuses(life.tokens["slt"]) == {200}
    until(lambda: len(running.workers) == 2)
    assert other in running.workers
    until(running.both_answer)


def test_a_revoked_token_is_refused_by_every_worker_at_once(
    life: SchoolLife, running: Served
) -> None:
    token = life.tokens["slt"]
    assert running.statuses(token) == {200}
    assert running.ask("DELETE", "/api/session", token).status == 204
    assert running.statuses(token) == {401}


def test_what_one_worker_has_recorded_every_worker_reads(life: SchoolLife, running: Served) -> None:
    token = life.tokens["staff"]
    logged = [running.ask("POST", "/api/incidents", token, report()) for _ in range(CROWD)]
    assert {one.status for one in logged} == {201}
    [case_id] = {one.json["case_id"] for one in logged}
    assert running.statuses(token, f"/api/cases/{case_id}") == {200}


def test_told_to_stop_every_worker_ends_and_the_parent_after_them(running: Served) -> None:
    workers = running.workers
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(20) == 0
    assert not any(worker.is_running() for worker in workers)
    assert "Traceback" not in running.output


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_worker_outlives_a_killed_parent(running: Served) -> None:
    workers = running.workers
    running.process.kill()
    running.process.wait()
    psutil.wait_procs(workers, timeout=20)
    assert not any(worker.is_running() for worker in workers)


def test_one_worker_alone_lets_nobody_else_listen_on_its_port(
    life: SchoolLife, tmp_path: Path
) -> None:
    with served(tmp_path / "var", tmp_path, workers=1) as running:
        again = subprocess.run(
            [sys.executable, "-m", "incidents", "serve"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "services"), "PORT": str(running.port),
                 "VAR": str(tmp_path / "var"), "SCHOOL_DIR": str(tmp_path / "var" / "schools"),
                 "API_WORKERS": "1"},
            capture_output=True,
            text=True,
            timeout=20,
        )  # fmt: skip
        assert again.returncode == 2
        assert f"Nothing can listen on port {running.port}" in again.stderr
