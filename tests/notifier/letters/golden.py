"""The hashes of every sample letter: `golden.json`, and how it is written anew.

A letter that changes must be looked at before its new hash is taken over:

    PYTHONPATH=services:. python -m tests.notifier.letters.golden [FOLDER]

renders every sample into FOLDER, if it is given, and writes `golden.json` beside this file. The
hashes hold for the fonts in the repository and the pinned version of Typst.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from notifier.render import Rendered, Renderer
from tests.notifier.letters.codes import LETTERS
from tests.notifier.letters.conftest import write_schemas
from tests.notifier.letters.samples import USUAL, least, most, usual

GOLDEN: Final = Path(__file__).with_name("golden.json")


def samples(renderer: Renderer) -> dict[str, Rendered]:
    """Render every letter of the table as usual, with as little and with as much as can be."""
    return {
        f"{code}-{kind.__name__}": renderer.render(renderer.table.rule(code), kind(code))
        for code in USUAL
        for kind in (usual, least, most)
    }


def known() -> dict[str, str]:
    """Return the hashes that were taken over last."""
    hashes: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return hashes


def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as contract:
        rendered = samples(Renderer(LETTERS, write_schemas(Path(contract) / "schemas")))
    for name, letter in rendered.items():
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            ending = "pdf" if letter.media_type == "application/pdf" else "txt"
            (folder / f"{name}.{ending}").write_bytes(letter.content)
    hashes = {name: letter.output_hash for name, letter in rendered.items()}
    GOLDEN.write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
