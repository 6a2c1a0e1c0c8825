"""What the evidence costs per event, in microseconds and bytes.

Run it with `services` and the repository's root on PYTHONPATH: `python -m tests.bench.evidence`,
with a number of events if 20,000 are not enough. One JSON line per figure.
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Final

from incidents.evidence.bundle import build_bundle
from incidents.evidence.proofs import prove_inclusion
from incidents.evidence.verify import NO_PREVIOUS, Outside, check_bundle, leaf_of
from incidents.store import Stored
from tests.incidents.evidence.installation import CASES, Installation

SINGLE: Final = 500


def main(events: int) -> None:
    """Measure on a log of `events` events in cases of twenty."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "var")
        for start in range(0, events, 4000):
            installation.record(*CASES * (min(4000, events - start) // len(CASES)))
        log = installation.log(0, events)
        sequencer = installation.sequencer()

        def take(events: list[Stored], width: int) -> None:
            for start in range(0, len(events), width):
                sequencer.take(events[start : start + width])

        say("leaf", len(log), lambda: [hash_of(event) for event in log])
        say("sequenced in batches of 500", len(log) - SINGLE, lambda: take(log[:-SINGLE], 500))
        say("sequenced one by one", SINGLE, lambda: take(log[-SINGLE:], 1))
        say("checkpoint signed and kept", 1, sequencer.sign)
        tree = installation.tree()
        say(
            "inclusion proof",
            SINGLE,
            lambda: [prove_inclusion(tree, event, len(log)) for event in log[:SINGLE]],
        )
        say("audited", len(log), installation.audit)
        twenty = installation.stored(CASES[0])[:20]
        bundle = build_bundle(twenty, tree=tree, folder=installation.folder)
        path = Path(folder) / "bundle.zip"
        path.write_bytes(bundle)
        say("bundle of 20 checked", 1, lambda: check_bundle(path, Outside()))
        with closing(sqlite3.connect(installation.var / "evidence.db")) as connection:
            connection.execute("VACUUM")
        size = (installation.var / "evidence.db").stat().st_size
        print(json.dumps({"what": "evidence.db", "bytes each": round(size / len(log), 1)}))
        print(json.dumps({"what": "bundle of 20", "bytes": len(bundle)}))
        installation.close()


def hash_of(event: Stored) -> bytes:
    return leaf_of(
        position=event.position,
        stream=event.stream,
        version=event.version,
        topic=event.topic,
        state=event.state,
        previous=NO_PREVIOUS,
    ).hash()


def say(what: str, times: int, work: Callable[[], object]) -> None:
    start = perf_counter()
    work()
    each = (perf_counter() - start) / times
    print(json.dumps({"what": what, "times": times, "microseconds each": round(each * 1e6, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
