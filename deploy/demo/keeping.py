"""What is left of a scenario for whoever wants to look: letters, history, proofs, e-mails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from deploy.demo.play import READER, Play

AUDITOR: Final = "auditor"
ROOT: Final = Path(__file__).resolve().parents[2]
VERIFIER: Final = ROOT / "services" / "incidents" / "evidence" / "verify.py"
PDF: Final = "application/pdf"


class DoesNotVerify(Exception):
    """The history is not what its evidence says, or could not be checked."""


def keep(play: Play, folder: Path) -> None:
    """Write all that there is of this case into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    history = play.history()
    _letters(play, folder)
    (folder / "history.json").write_text(json.dumps(history, indent=2, ensure_ascii=False) + "\n")
    (folder / "emails.txt").write_text(_emails(play, history))
    bundle = folder / "bundle.zip"
    bundle.write_bytes(play.client.get(AUDITOR, f"/api/cases/{play.case_id}/bundle").body)
    _check(str(VERIFIER), str(bundle))


def verify(var: Path) -> str:
    """Check the whole installation and return the verdict. Raises `DoesNotVerify`."""
    return _check("-m", "incidents", "verify", var=var)


def _letters(play: Play, folder: Path) -> None:
    written: dict[str, int] = {}
    for letter in play.page()["letters"]:
        code, address = letter["code"], f"/api/letters/{letter['letter']}"
        written[code] = written.get(code, 0) + 1
        name = f"{code}-{written[code]}" if written[code] > 1 else code
        if letter["media_type"] == PDF:
            (folder / f"{name}.pdf").write_bytes(play.client.get(READER, f"{address}/pdf").body)
        else:
            text: str = play.client.get(READER, address).json["text"]
            (folder / f"{name}.txt").write_text(text)


def _emails(play: Play, history: list[Any]) -> str:
    """One line for each mail that went out about the case, alerts included."""
    named = (entry["data"].get("letter_id") or entry["data"].get("alert") for entry in history)
    mails = play.post.about(letter for letter in named if letter)
    return "".join(f"{mail.path.name}\t{mail.to}\t{mail.subject}\n" for mail in mails)


def _check(*arguments: str, var: Path | None = None) -> str:
    """Run a verifier and return its last line. Raises `DoesNotVerify` with all that it said."""
    environment = {"PYTHONPATH": str(ROOT / "services"), **({"VAR": str(var)} if var else {})}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DoesNotVerify(f"{done.stdout}{done.stderr}".strip())
    return done.stdout.strip().splitlines()[-1]
