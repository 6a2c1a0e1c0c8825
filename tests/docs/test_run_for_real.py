"""How to run it for real, followed to the letter: units, users, backup, and back from it."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from deploy.broker import server_binary
from deploy.ports import free_port
from tests.docs.walk import ROOT, Block, blocks, folder_for, run, section, unkept
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import until

REPORT = {
    "kind": "abuse",
    "categories": ["offensive"],
    "platform": "Facebook",
    "observed_at": "2026-11-20T16:40:00Z",
    "facts": "A parent wrote that the class teacher is useless.",
}


class Machine:
    """The machine of the page, with its folders in `folder` and ports that are free here."""

    def __init__(self, folder: Path, smtp_url: str) -> None:
        self.folder = folder_for(folder)
        self.var = folder / "lib" / "var"
        self.references: dict[str, str] = {}
        port = free_port()
        self._api = f"http://127.0.0.1:{port}"
        self._page = (ROOT / "docs" / "how-to" / "run-for-real.md").read_text()
        for said, here in {
            "/srv/caseward": str(folder),
            "/etc/caseward": str(folder / "etc"),
            "/var/lib/caseward": str(folder / "lib"),
            "/usr/local/bin/nats-server": server_binary(os.environ),
            "smtps://caseward:password@mail.school.example": smtp_url,
            "PORT=8000": f"PORT={port}",
            "4222": str(free_port()),
        }.items():
            assert said in self._page, f"the page speaks of {said} no more"
            self._page = self._page.replace(said, here)

    def prepare(self) -> None:
        """Do what the page asks for before the start."""
        self._follow(blocks(self._page.partition("\n## Start\n")[0]))

    def follow(self, heading: str) -> str:
        """Do what stands under this heading and return what was printed."""
        return self._follow(blocks(section(self._page, heading)))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the units as systemd does, and stop them in reverse order."""
        with ExitStack() as units:
            for unit in re.findall(r"```ini\n(.*?)```", self._page, re.DOTALL):
                units.enter_context(_unit(unit))
            until(self._is_ready)
            yield

    def ask(self, token: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with urlopen(Request(self._api + path, data=content, headers=headers)) as answer:
            return json.load(answer)

    def report(self, token: str) -> str:
        """Report an incident and return the path of its case."""
        answer = self.ask(token, "/api/incidents", REPORT)
        case = f"/api/cases/{answer['case_id']}"
        self.references[case] = answer["reference"]
        return case

    def happened(self, token: str, case: str) -> set[str]:
        """Return what has happened to a case, by the names of its events."""
        entries = self.ask(token, f"{case}/history")["entries"]
        return {str(entry["event"]).removeprefix("incidents.") for entry in entries}

    def restore_the_backup(self) -> None:
        """Do what the page says under “Restore” between stop and start."""
        (backup,) = (self.folder / "lib" / "backup").iterdir()
        keys = [self.var / "keys" / name for name in ("master.key", "checkpoint.key")]
        kept = [shutil.copy2(key, self.folder) for key in keys]
        shutil.rmtree(self.var)
        shutil.rmtree(self.folder / "lib" / "nats")
        shutil.copytree(backup, self.var)
        for copy in kept:
            shutil.copy2(copy, self.var / "keys")

    def _follow(self, walk: list[Block]) -> str:
        outputs = run(walk, self.folder)
        broken = unkept(walk, outputs)
        assert not broken, "\n".join(broken)
        return "".join(outputs)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self._api}/health/ready") as answer:
                return bool(answer.status == 200)
        except URLError:
            return False


@contextmanager
def _unit(text: str) -> Iterator[None]:
    """Run what a unit's file says, in the environment it says and no other."""
    parsed = ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign] # names in their own case
    parsed.read_string(text)
    service = parsed["Service"]
    command = f"set -a; . {service['EnvironmentFile']}; exec {service['ExecStart']}"
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=service["WorkingDirectory"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_what_the_page_makes_works_without_a_demonstration_and_survives_the_loss_of_its_data(
    tmp_path: Path, smtp_server: SmtpServer
) -> None:
    machine = Machine(tmp_path / "machine", smtp_server.url)
    machine.prepare()
    with machine.running():
        token, _ = machine.follow("Users and tokens").split("\n", 1)
        assert machine.ask(token, "/api/me")["roles"] == ["headteacher"]
        case = machine.report(token)
        until(lambda: machine.happened(token, case) >= {"alert_sent", "letter_sent"})
        until((machine.var / "checkpoints" / "latest.txt").exists)
        machine.follow("Back up")
    assert not (machine.var / "demo").exists()
    machine.restore_the_backup()
    with machine.running():
        assert machine.ask(token, case)["facts"] == REPORT["facts"]
        later = machine.report(token)
        until(lambda: machine.happened(token, later) >= {"alert_sent", "letter_sent"})
    reference = machine.references[case]
    about = [m for m in smtp_server.mails if reference in str(m.message["Subject"])]
    assert (len(about), len(smtp_server.mails)) == (2, 4)
