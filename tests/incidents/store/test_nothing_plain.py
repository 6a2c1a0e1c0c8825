"""Nothing personal is ever written in clear: every byte of every file is searched."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable import Place
from incidents.domain.facts import Event
from incidents.store import open_store
from tests.incidents.store.invent import events_of
from tests.incidents.store.sample import EVERY_KIND, SCHOOL, START, fact, row

PLANTED = "Quaxolotl-Zwetschgen \u00dfj\u00f8rn \u4e2d\u6587 7f3"
"""What no file contains by chance."""


ONE_OF_EACH_KIND = st.tuples(
    *(events_of(kind, words=st.just(PLANTED)) for kind in EVERY_KIND.values())
)


@given(ONE_OF_EACH_KIND)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
def test_planted_words_are_in_no_file_in_no_form(events: tuple[Event, ...]) -> None:
    planted = sum(
        getattr(event, name) == PLANTED for event in events for name in event.__struct_fields__
    )
    assert planted > 40
    with TemporaryDirectory() as folder:
        with open_store(Place(Path(folder)), events=EVERY_KIND) as store:
            for event in events:
                stream = uuid4()
                sealed = store.seal(fact(event, stream, recorded_at=START))
                store.append([sealed], state=row(stream))
                store.blobs.keep(SCHOOL, stream, PLANTED.encode() * 3)
            _search(Path(folder))
        _search(Path(folder))


def test_the_search_would_find_them(tmp_path: Path) -> None:
    for form in _forms(PLANTED):
        (tmp_path / "leak").write_bytes(b"before" + form + b"after")
        assert any(needle in (tmp_path / "leak").read_bytes() for needle in _forms(PLANTED))
    wrapped = b64encode(b"?" + PLANTED.encode() + b"!")
    assert any(needle in wrapped for needle in _forms(PLANTED))


def _search(var: Path) -> None:
    files = [path for path in var.rglob("*") if path.is_file()]
    assert {"events.db", "keys.db"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert PLANTED not in str(path)
        assert not any(form in content for form in _forms(PLANTED)), path.name


def _forms(text: str) -> Iterator[bytes]:
    """The text as it might leak: by encoding, escaped, in hexadecimal, in base64 at any offset."""
    raw = text.encode()
    yield from (raw, text.encode("utf-16-le"), text.encode("unicode_escape"), raw.hex().encode())
    yield raw.hex().upper().encode()
    for offset in range(3):
        # Cut to whole groups: what stands before and after changes only the outermost characters.
        aligned = raw[(3 - offset) % 3 :]
        yield b64encode(aligned[: len(aligned) // 3 * 3])
