"""How large a body may be, for the code that refuses and for the words that say so."""

from typing import Final

MB: Final = 1024 * 1024
MAX_BODY: Final = 1 * MB
MAX_EVIDENCE_BODY: Final = 9 * MB
"""For captured evidence, whose bytes come in base64."""
IN_WORDS: Final = f"{MAX_BODY // MB} MB (captured evidence: {MAX_EVIDENCE_BODY // MB} MB)"
