"""What a line of the Procfile means."""

from pathlib import Path

import pytest

from deploy.procfile import read_procfile

PROCFILE = Path(__file__).parents[2] / "deploy" / "Procfile"


def test_a_line_gives_the_program_its_arguments_and_its_environment() -> None:
    [line] = read_procfile("# the api\n\napi:  KEY=$SEED python -c 'a b' ${PORT}x\n")
    program = line.program({"SEED": "/keys/a b.nk", "PORT": "8000"})
    assert program.name == "api"
    assert program.arguments == ["python", "-c", "a b", "8000x"]
    assert program.environment == {"SEED": "/keys/a b.nk", "PORT": "8000", "KEY": "/keys/a b.nk"}


def test_an_assignment_of_something_that_is_not_set_leaves_what_was_there() -> None:
    [line] = read_procfile("api: KEY=$SEED serve")
    assert line.program({"KEY": "from outside"}).environment == {"KEY": "from outside"}
    assert line.program({}).environment == {}


def test_an_argument_that_is_not_set_is_refused() -> None:
    [line] = read_procfile("nats: $NATS_SERVER_BIN -c nats.conf")
    with pytest.raises(ValueError, match="NATS_SERVER_BIN, which is not set"):
        line.program({})


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("api serve", "line 1 of the Procfile: expected"),
        ("\nAPI: serve", "line 2 of the Procfile: expected"),
        ("api:", "line 1 of the Procfile: expected"),
        ("api: KEY=value", "'api' names no program"),
        ("api: a\napi: b", "line 2 of the Procfile: 'api' was named before"),
        ("api: 'a", "No closing quotation"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(text: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        read_procfile(text)


def test_ours_starts_the_broker_first_and_sets_up_before_the_services() -> None:
    names = [line.name for line in read_procfile(PROCFILE.read_text("utf-8"))]
    assert names == ["nats", "mailbox", "setup", "api", "worker", "notifier"]
