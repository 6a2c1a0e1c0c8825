"""The local mailbox, run as the program that installations run."""

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.ports import free_port
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]


class Running(NamedTuple):
    """A mailbox that takes mail at `port` and keeps it in `folder`."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Running]:
    port = free_port()
    environment = {**os.environ, "VAR": str(tmp_path), "SMTP_URL": f"smtp://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "deploy.mailbox"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        until(lambda: _greets(port))
        yield Running(process, port, tmp_path / "mailbox")
        process.kill()


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=1):
            return True
    except OSError:
        return False


def _send(port: int, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as connection:
        body = f"Subject: letter {number}\r\n\r\nDear recipient\r\n"
        connection.sendmail("school@example.org", ["one@example.org", "two@example.org"], body)


def test_mails_are_kept_in_their_order_of_arrival_with_their_envelope(mailbox: Running) -> None:
    for number in range(12):
        _send(mailbox.port, number)
    files = sorted(mailbox.folder.iterdir())
    assert [file.suffix for file in files] == [".eml"] * 12
    for number, file in enumerate(files):
        assert file.read_bytes() == (
            b"Return-Path: <school@example.org>\r\n"
            b"Delivered-To: one@example.org\r\nDelivered-To: two@example.org\r\n"
            b"Subject: letter %d\r\n\r\nDear recipient\r\n" % number
        )
        assert file.stat().st_mode & 0o077 == 0


def test_a_mail_answered_with_250_survives_a_kill(mailbox: Running) -> None:
    _send(mailbox.port, 1)
    mailbox.process.kill()
    mailbox.process.wait()
    [file] = mailbox.folder.iterdir()
    assert file.read_bytes().endswith(b"Dear recipient\r\n")


def test_it_ends_with_0_when_asked_also_while_somebody_is_connected(mailbox: Running) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5):
        mailbox.process.send_signal(signal.SIGTERM)
        assert mailbox.process.wait(10) == 0


@pytest.mark.parametrize("url", ["smtp://mail.example.org:25", "smtp://0.0.0.0:1025", "nonsense"])
def test_it_listens_nowhere_but_on_the_loopback_address(tmp_path: Path, url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.mailbox"],
        cwd=ROOT,
        env={**os.environ, "VAR": str(tmp_path), "SMTP_URL": url},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 2
    assert "SMTP_URL must be smtp://127.0.0.1:<port>" in ended.stderr
