"""The load: it counts whole answers with the right status, and stops at the first other one."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench.load import Plan, UnexpectedAnswer, run

ID = "01a2053f-1dfd-7aba-917a-21e4ddcb540d"


class Handler(BaseHTTPRequestHandler):
    """Answers in two pieces, so that an answer is seldom whole at the first read."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    hung_up: threading.Event

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.endswith("last"):
            assert self.hung_up.wait(10)
        status, _, answer = self.path.removeprefix("/").partition("-")
        body = answer.replace("ID", ID).encode() * 3
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:5])
        self.wfile.flush()
        self.wfile.write(body[5:])
        self.close_connection = self.path.endswith("once")

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.hung_up.set()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def port(asked: list[str]) -> Iterator[int]:
    handler = type("Handler", (Handler,), {"asked": asked, "hung_up": threading.Event()})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def test_without_a_time_every_request_is_asked_once(port: int, asked: list[str]) -> None:
    paths = [f"/200-{number}" for number in range(20)]
    tally = run(Plan(port=port, requests=list(map(request, paths)), clients=4))
    assert tally.answers == 20
    assert sorted(asked) == sorted(paths)


def test_with_a_time_they_are_asked_over_and_over(port: int, asked: list[str]) -> None:
    tally = run(Plan(port=port, requests=[request("/200-ok")], clients=2, seconds=0.1))
    assert tally.answers == len(asked) > 2


def test_more_clients_than_requests_ask_no_request_twice(port: int, asked: list[str]) -> None:
    run(Plan(port=port, requests=[request("/200-ok")], clients=8))
    assert asked == ["/200-ok"]


def test_a_server_may_hang_up_on_whoever_has_nothing_more_to_ask(port: int) -> None:
    paths = ["/200-once", "/200-last"]
    assert run(Plan(port=port, requests=list(map(request, paths)), clients=2)).answers == 2


def test_another_status_than_the_expected_one_ends_it(port: int) -> None:
    with pytest.raises(UnexpectedAnswer, match="503"):
        run(Plan(port=port, requests=[request("/503-busy")], clients=1, status=201))


def test_the_ids_of_what_was_made_are_kept(port: int) -> None:
    made = request('/201-{"case_id":"ID"}')
    tally = run(Plan(port=port, requests=[made] * 3, clients=1, status=201, made=True))
    assert tally.made == [ID] * 3


def test_an_answer_that_names_nothing_made_ends_it(port: int) -> None:
    plan = Plan(port=port, requests=[request("/201-done")], clients=1, status=201, made=True)
    with pytest.raises(UnexpectedAnswer, match="does not name"):
        run(plan)


def test_times_are_taken_of_every_answer(port: int) -> None:
    tally = run(Plan(port=port, requests=[request("/200-ok")] * 10, clients=2))
    assert 0 < tally.median <= tally.slowest_hundredth
    assert tally.per_second > 0
