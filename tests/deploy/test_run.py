"""An installation on one machine, with small programs in place of the services."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.identity import command_line, started_at
from deploy.ports import free_port, greeting, http_status
from tests.deploy.supervised import Supervised, gone, supervised
from tests.support.waiting import until

SERVICES = """
api: program serve
worker: program idle
"""


def times_started(running: Supervised, name: str) -> int:
    return len(re.findall(rf"^{name} +\| \w+ runs with", running.output, re.MULTILINE))


def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, SERVICES, port=free_port()) as running:
        running.until_ready()
        running.until(lambda: times_started(running, "worker") == 1)
        before, neighbour = running.pid("worker"), running.pid("api")
        os.kill(before, signal.SIGKILL)
        running.until(lambda: running.pid("worker") not in (0, before))
        running.until(lambda: times_started(running, "worker") == 2)
        assert "worker   | was ended by SIGKILL; starting it again in 0.2 s" in running.output
        assert running.pid("api") == neighbour


def test_a_program_that_keeps_failing_is_given_more_time_each_time(tmp_path: Path) -> None:
    with supervised(tmp_path, "api: false\n", port=free_port()) as running:
        running.until(lambda: "again in 0.8 s" in running.output)
        waits = re.findall(r"api +\| ended with exit code 1; .* in ([0-9.]+) s", running.output)
        assert waits[:3] == ["0.2", "0.4", "0.8"]


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with supervised(tmp_path, "api: no-such-program\n", port=free_port()) as running:
        running.until(lambda: "again in 0.4 s" in running.output)
        assert "cannot be started: [Errno 2] No such file or directory" in running.output
        assert running.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_stops_everything_in_reverse_order_and_exits_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    procfile = "first: program idle\nsecond: program idle\napi: program serve\n"
    with supervised(tmp_path, procfile, port=free_port()) as running:
        running.until_ready()
        running.until(lambda: running.output.count("runs with") == 3)
        pids = list(running.state["pids"].values())
        assert len(pids) == 3
        assert running.stop(number) == 0
        assert all(gone(pid) for pid in pids)
        assert re.findall(r"(\w+) +\| asked to end", running.output) == ["api", "second", "first"]
        assert (running.state["pids"], running.state["supervisor"]) == ({}, None)


def test_a_second_request_to_stop_does_not_wait_for_a_deaf_program(tmp_path: Path) -> None:
    procfile = "other: program idle\nworker: program deaf\n"
    with supervised(tmp_path, procfile, port=free_port()) as running:
        running.until(lambda: times_started(running, "worker") == 1)
        running.process.send_signal(signal.SIGINT)
        running.until(lambda: "caseward | stopping" in running.output)
        deaf, other = running.pid("worker"), running.pid("other")
        assert running.stop(signal.SIGINT) == 0
        assert gone(deaf)
        assert gone(other)


def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with supervised(tmp_path, SERVICES, port=port) as running:
            assert running.process.wait(20) == 2
            assert f"Port {port} of 127.0.0.1 is taken." in running.output
            assert "make run PORT=" in running.output
            assert times_started(running, "worker") == 0


@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with supervised(tmp_path, SERVICES, port=1, PORT=port) as running:
        assert running.process.wait(20) == 2
        assert f"PORT must be a number from 1 to 65535, not {port!r}." in running.output


def test_a_folder_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with supervised(tmp_path, SERVICES, port=free_port()) as running:
        running.until_ready()
        pids = running.state["pids"]
        again = {"VAR": str(running.var)}
        with supervised(tmp_path / "other", SERVICES, port=free_port(), **again) as second:
            assert second.process.wait(20) == 2
            assert f"is running already, at {running.state['api']}" in second.output
        assert running.state["pids"] == pids


def test_two_installations_run_side_by_side_with_everything_of_their_own(tmp_path: Path) -> None:
    procfile = (
        "nats: $NATS_SERVER_BIN -c deploy/nats.conf\n"
        "mailbox: python -m deploy.mailbox\n"
        "setup: NATS_NKEY_SEED_FILE=$NATS_ADMIN_SEED_FILE "
        "python -c \"import os; print('set up with', os.environ['NATS_NKEY_SEED_FILE'])\"\n"
        "api: NATS_NKEY_SEED_FILE=$NATS_INCIDENTS_SEED_FILE program serve\n"
        "notifier: NATS_NKEY_SEED_FILE=$NATS_NOTIFIER_SEED_FILE program idle\n"
    )
    port = free_port()
    with (
        supervised(tmp_path / "one", procfile, port=port) as one,
        supervised(tmp_path / "two", procfile, port=free_port()) as two,
    ):
        for running in (one, two):
            running.until_ready()
            assert f"set up with {running.var}/nats/admin.nk" in running.output
            assert "serve runs with incidents.nk" in running.output
            assert answers(running) == (200, b"INFO", b"220 ")
        one.until(lambda: "idle runs with notifier.nk" in one.output)
        addresses = [one.state[name] for name in ("api", "nats", "smtp")]
        assert not set(addresses) & {two.state[name] for name in ("api", "nats", "smtp")}
        assert one.stop() == 0
        assert answers(two) == (200, b"INFO", b"220 ")

    with supervised(tmp_path / "one", procfile, port=port) as again:
        again.until(lambda: again.pid("api"))
        assert [again.state[name] for name in ("api", "nats", "smtp")] == addresses


def answers(running: Supervised) -> tuple[int | None, bytes, bytes]:
    ports = [int(running.state[name].rpartition(":")[2]) for name in ("api", "nats", "smtp")]
    status = http_status("127.0.0.1", ports[0], "/health/ready")
    return status, greeting(ports[1])[:4], greeting(ports[2])[:4]


def test_real_servers_named_from_outside_are_used_instead_of_embedded_ones(tmp_path: Path) -> None:
    procfile = "nats: false\nmailbox: false\n" + SERVICES
    outside = {
        "NATS_URL": "nats://user:secret@nats.example.org:4222",
        "SMTP_URL": "smtp://user:secret@mail.example.org:587",
        "NATS_NKEY_SEED_FILE": "/etc/caseward/service.nk",
    }
    with supervised(tmp_path, procfile, port=free_port(), **outside) as running:
        running.until_ready()
        assert set(running.state["pids"]) == {"api", "worker"}
        assert running.state["nats"] == "nats://nats.example.org:4222"
        assert running.state["smtp"] == "smtp://mail.example.org:587"
        running.until(lambda: "idle runs with service.nk" in running.output)
        assert "secret" not in (running.var / "run.json").read_text() + running.output


def test_when_the_set_up_fails_nothing_after_it_is_started(tmp_path: Path) -> None:
    procfile = "first: program idle\nsetup: python -c 'import sys; sys.exit(3)'\n" + SERVICES
    with supervised(tmp_path, procfile, port=free_port()) as running:
        assert running.process.wait(20) == 1
        assert "The set-up ended with exit code 3" in running.output
        assert times_started(running, "api") == 0
        assert running.state["pids"] == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_program_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    procfile = SERVICES + "deaf: program deaf\n"
    with supervised(tmp_path, procfile, port=free_port()) as running:
        running.until(lambda: times_started(running, "deaf") == 1)
        pids = list(running.state["pids"].values())
        assert len(pids) == 3
        running.process.kill()
        running.process.wait()
        until(lambda: all(gone(pid) for pid in pids))


@pytest.mark.skipif(sys.platform != "linux", reason="the program unbinds itself with prctl")
def test_a_program_that_outlived_its_supervisor_is_ended_by_the_next_start(tmp_path: Path) -> None:
    port = free_port()
    with supervised(tmp_path, "worker: program survivor\n", port=port) as running:
        running.until(lambda: times_started(running, "worker") == 1)
        orphan = running.pid("worker")
        running.process.kill()
        running.process.wait()
        assert not gone(orphan)
        with supervised(tmp_path, "worker: program survivor\n", port=port) as again:
            again.until(lambda: again.pid("worker") not in (0, orphan))
            assert gone(orphan)
            assert "worker was left running by an earlier start and has been ended" in again.output


@pytest.mark.parametrize("difference", ["started", "arguments"])
def test_a_process_that_only_has_the_number_of_one_of_ours_is_left_alone(
    tmp_path: Path, difference: str
) -> None:
    (tmp_path / "var").mkdir()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        process = {
            "pid": stranger.pid,
            "started": started_at(stranger.pid),
            "arguments": command_line(stranger.pid),
            difference: "something else",
        }
        state = {"pids": {"worker": stranger.pid}, "processes": {"worker": process}}
        (tmp_path / "var" / "run.json").write_text(json.dumps(state))
        with supervised(tmp_path, SERVICES, port=free_port()) as running:
            running.until_ready()
            assert running.stop() == 0
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_torn_run_json_does_not_keep_it_from_starting(tmp_path: Path, content: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run.json").write_text(content)
    with supervised(tmp_path, SERVICES, port=free_port()) as running:
        running.until_ready()


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    with supervised(tmp_path, "worker: program parent\n", port=free_port()) as running:
        found = running.until(lambda: re.search(r"child (\d+)", running.output))
        assert found
        grandchild = int(found[1])
        os.kill(running.pid("worker"), signal.SIGKILL)
        running.until(lambda: gone(grandchild))


def test_it_goes_on_when_nobody_reads_its_output_any_more(tmp_path: Path) -> None:
    with supervised(tmp_path, SERVICES, port=free_port()) as running:
        running.until_ready()
        environment = {**os.environ, "PROCFILE": str(tmp_path / "Procfile")}
        environment |= {"VAR": str(tmp_path / "second"), "PORT": str(free_port())}
        second = subprocess.Popen(
            [sys.executable, "-m", "deploy.run"],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert second.stdout
        second.stdout.readline()
        second.stdout.close()
        unread = Supervised(second, tmp_path / "second", tmp_path / "printed")
        before = until(lambda: unread.pid("worker"))
        os.kill(before, signal.SIGKILL)
        unread.until(lambda: unread.pid("worker") not in (0, before))
        assert unread.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
def test_it_goes_on_when_there_is_no_room_for_its_output(tmp_path: Path) -> None:
    with supervised(tmp_path, SERVICES, port=free_port()) as running:
        running.until_ready()
        environment = {**os.environ, "PROCFILE": str(tmp_path / "Procfile")}
        environment |= {"VAR": str(tmp_path / "second"), "PORT": str(free_port())}
        with Path("/dev/full").open("wb") as full:
            second = subprocess.Popen(
                [sys.executable, "-m", "deploy.run"],
                cwd=Path(__file__).parents[2],
                env=environment,
                stdout=full,
            )
        silent = Supervised(second, tmp_path / "second", tmp_path / "printed")
        before = until(lambda: silent.pid("worker"))
        os.kill(before, signal.SIGKILL)
        silent.until(lambda: silent.pid("worker") not in (0, before))
        assert silent.stop() == 0
