"""Which letters there are in which form, as the table has them."""

import tomllib
from pathlib import Path
from typing import Any, Final

LETTERS: Final = Path(__file__).parents[3] / "services/notifier/letters"
ROWS: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    (LETTERS / "letters.toml").read_text(encoding="utf-8")
)["letter"]
PDFS: Final = tuple(code for code, row in ROWS.items() if row["form"] == "pdf")
EMAILS: Final = tuple(code for code, row in ROWS.items() if row["form"] == "email")
ALERTS: Final = tuple(code for code, row in ROWS.items() if row["class"] == "alert")
NOTICES: Final = tuple(code for code, row in ROWS.items() if row["form"] == "notice")
