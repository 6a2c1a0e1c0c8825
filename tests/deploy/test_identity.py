"""Telling processes apart, by /proc and by `ps`, and ending those that are ours."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy import identity
from tests.support.waiting import until


@pytest.fixture(params=["proc", "ps"], autouse=True)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the facts come from: each system has one of the two."""
    if request.param == "proc" and sys.platform != "linux":
        pytest.skip("only Linux has /proc")
    if request.param == "ps" and not shutil.which("ps"):
        pytest.skip("there is no ps here")
    monkeypatch.setattr(identity, "_PROC", request.param == "proc")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_keeps_its_start_and_has_its_command(sleeper: subprocess.Popen[bytes]) -> None:
    first = identity.started_at(sleeper.pid)
    assert first
    assert identity.started_at(sleeper.pid) == first
    assert identity.command_line(sleeper.pid) == "sleep 600"


def test_a_process_that_is_gone_has_neither(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    assert identity.started_at(sleeper.pid) == ""
    assert identity.command_line(sleeper.pid) == ""


def test_a_process_that_does_not_listen_is_ended_all_the_same() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    command = [sys.executable, "-c", deaf + "signal.pause()"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        identity.end(process.pid, seconds=0.1)
        until(lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL
