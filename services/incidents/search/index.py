"""The index: which case may hold which words, for whom, without a word in it.

It follows the log as the views do. A hit is a hint: whoever shows it reads the case first, with the
reader's own sight, and looks whether the words are there.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Event as Signal
from typing import Final
from uuid import UUID

from durable import Connection, Place, Row
from incidents.cases import KIND, Cases
from incidents.domain.access import SECTIONS, Sight
from incidents.domain.facts import REDACTED, Sealed
from incidents.domain.school import User
from incidents.domain.state import Case
from incidents.reading import Reading
from incidents.search.tables import SEARCH
from incidents.search.terms import WORDS_SHOWN_TO, Layer, Terms, asked, match, tsquery
from incidents.search.words import words_in
from incidents.store import Stored
from incidents.store.glances import marks_for
from incidents.views.lines import sights_of

AT_ONCE: Final = 200
"""Cases that are read again in one transaction."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DOCUMENT: Final = "SELECT id, case_id, version, texts, words, terms FROM documents WHERE "

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Document:
    """A case in the index. `texts` tells which texts `words` were taken from."""

    id: int
    case_id: str
    version: int
    texts: str
    words: str
    terms: str


class Search:
    """The index of one installation. Safe to share between threads.

    Every method may raise StoreUnavailable.
    """

    def __init__(self, place: Place, cases: Cases, reading: Reading) -> None:
        self.database = place.open(SEARCH, synchronous="NORMAL", secure_delete=True)
        self._cases = cases
        self._reading = reading

    def close(self) -> None:
        self.database.close()

    # ── following ─────────────────────────────────────────────────────────────────────────────────

    def follow(self, stop: Signal) -> None:
        """Keep up with the log until `stop` is set."""
        for batch in self._cases.store.follow(self.position(), stop):
            self.take(batch)

    def take(self, batch: Sequence[Stored]) -> None:
        """Bring every case of the batch to where it stands now, and remember how far that was."""
        cases = self._of({stored.stream for stored in batch})
        with self.database.writing() as connection:
            self._put(connection, cases, anew=False)
            connection.execute(
                "UPDATE followed SET position = ? WHERE position < ?",
                (batch[-1].position, batch[-1].position),
            )

    def position(self) -> int:
        """Return the position in the log up to which the index is complete."""
        with self.database.reading() as connection:
            return int(connection.execute("SELECT position FROM followed").fetchone()[0])

    # ── finding ───────────────────────────────────────────────────────────────────────────────────

    def find(
        self, user: User, words: Collection[str], before: int | None, limit: int
    ) -> list[tuple[int, UUID]]:
        """Return cases that may show this user all of these words, newest first, with their places.

        At most `limit`, after a place. Whoever shows one reads it first.
        """
        wanted = asked(Terms(self._cases.store.keys, user.school), user, words)
        if not words or not wanted:
            return []
        values = [user.school, 2**62 if before is None else before, limit]
        with self.database.reading() as connection:
            if connection.dialect == "sqlite":
                rows = connection.execute(
                    "SELECT d.id, d.case_id FROM found "
                    "CROSS JOIN documents d ON d.id = found.rowid "
                    "WHERE found MATCH ? AND d.school = ? AND found.rowid < ? "
                    "ORDER BY found.rowid DESC LIMIT ?",
                    [match(wanted), *values],
                ).fetchall()
            else:
                rows = connection.execute(
                    "SELECT id, case_id FROM documents WHERE found @@ CAST(? AS tsquery) "
                    "AND school = ? AND id < ? ORDER BY id DESC LIMIT ?",
                    [tsquery(wanted), *values],
                ).fetchall()
        return [(row[0], UUID(row[1])) for row in rows]

    # ── forgetting, and building it again ─────────────────────────────────────────────────────────

    def forget(self, whom: UUID) -> int:
        """Take out what can no longer be read of a person or a case; return of how many cases.

        To be called when a key has been destroyed. When it returns, nothing of those words is in
        the files of the index either.
        """
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT case_id FROM about WHERE person = ? UNION "
                "SELECT case_id FROM documents WHERE case_id = ?",
                (whom.hex, whom.hex),
            ).fetchall()
        cases = self._of([UUID(row[0]) for row in rows])
        with self.database.writing() as connection:
            self._put(connection, cases, anew=True)
            if connection.dialect == "sqlite":
                # What is deleted stays in FTS5's segments until they are merged.
                connection.execute("INSERT INTO found (found) VALUES ('optimize')")
        self.database.rebuild()
        return len(cases)

    def rebuild(self, progress: Progress = lambda done, total: None) -> int:
        """Read every case again; return how many. Each can be found all the while."""
        store, last, done = self._cases.store, None, 0
        total, head = store.count(KIND), store.head()
        while rows := store.rows_after(last, AT_ONCE):
            last = rows[-1].stream
            cases = [case for row in rows if (case := self._cases.decoded(row))]
            with self.database.writing() as connection:
                self._put(connection, cases, anew=True)
            done += len(cases)
            progress(done, max(done, total))
        with self.database.writing() as connection:
            connection.execute("UPDATE followed SET position = ? WHERE position < ?", (head, head))
        return done

    # ── what is written ───────────────────────────────────────────────────────────────────────────

    def _of(self, streams: Collection[UUID]) -> list[Case]:
        rows = self._cases.store.rows(streams)
        return [case for row in rows if (case := self._cases.decoded(row))]

    def _put(self, connection: Connection, cases: Sequence[Case], *, anew: bool) -> None:
        """Bring these cases to where they stand; `anew` also those whose texts are the same."""
        known = _known(connection, [case.id.hex for case in cases])
        terms = {case.school: Terms(self._cases.store.keys, case.school) for case in cases}
        taken = set[int]()
        for case in cases:
            was = known.get(case.id.hex)
            if was is not None and was.version >= case.version and not anew:
                continue
            id_ = was.id if was else _free(connection, case.reported_at, taken)
            taken.add(id_)
            now = self._document(id_, case, terms[case.school], None if anew else was)
            _write(connection, case, was, now)

    def _document(self, id_: int, case: Case, terms: Terms, was: _Document | None) -> _Document:
        sights = {p: much for p, much in sights_of(case).items() if much in WORDS_SHOWN_TO}
        layers = self._layers(case, set(sights.values()))
        texts = _fingerprint(terms, layers)
        if was is not None and was.texts == texts:
            words = was.words
        else:
            opened = {layer: words_in(self._open(case, found)) for layer, found in layers.items()}
            words = " ".join(terms.words(opened))
        readers = " ".join(terms.reader(principal, much) for principal, much in sights.items())
        # There is always something: a document without terms could not be replaced.
        whole = f"{words} {readers}".strip() or terms.reader("", Sight.NONE)
        return _Document(id_, case.id.hex, case.version, texts, words, whole)

    def _layers(self, case: Case, sights: Iterable[Sight]) -> dict[Layer, list[Sealed]]:
        """Return what each sight shows, and what each closed section adds to the full one."""
        found: dict[Layer, list[Sealed]] = {
            much: self._reading.words_at(case, much, frozenset()) for much in sorted(sights)
        }
        if Sight.FULL in found:
            for section in SECTIONS:
                more = self._reading.words_at(case, Sight.FULL, frozenset({section}))
                found[section] = [one for one in more if one not in found[Sight.FULL]]
        return found

    def _open(self, case: Case, found: Iterable[Sealed]) -> list[str]:
        store = self._cases.store
        opened = (store.open(one, school=case.school, stream=case.id) for one in found)
        return [words for words in opened if words != REDACTED]


def _fingerprint(terms: Terms, layers: Mapping[Layer, Sequence[Sealed]]) -> str:
    digest = sha256(terms.kid.encode())
    for layer, found in layers.items():
        digest.update(layer.name.encode())
        for one in found:
            digest.update(one.nonce)
    return digest.hexdigest()


def _known(connection: Connection, case_ids: Sequence[str]) -> Mapping[str, _Document]:
    if not case_ids:
        return {}
    marks, values = marks_for(case_ids)
    rows: list[Row] = connection.execute(f"{_DOCUMENT}case_id IN ({marks})", values).fetchall()
    return {row[1]: _Document(*row) for row in rows}


def _free(connection: Connection, reported_at: datetime, taken: Collection[int]) -> int:
    """Return a number for a new document: later cases have higher ones."""
    number = (reported_at - _EPOCH) // timedelta(microseconds=1)
    while (
        number in taken
        or connection.execute("SELECT 1 FROM documents WHERE id = ?", (number,)).fetchone()
    ):
        number += 1
    return number


def _write(connection: Connection, case: Case, was: _Document | None, now: _Document) -> None:
    if was is not None and connection.dialect == "sqlite" and was.terms != now.terms:
        connection.execute(
            "INSERT INTO found (found, rowid, terms) VALUES ('delete', ?, ?)", (was.id, was.terms)
        )
    connection.execute(
        """INSERT INTO documents (id, case_id, school, version, texts, words, terms)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        texts = excluded.texts, words = excluded.words, terms = excluded.terms""",
        (now.id, now.case_id, case.school, now.version, now.texts, now.words, now.terms),
    )
    if connection.dialect == "sqlite" and (was is None or was.terms != now.terms):
        connection.execute("INSERT INTO found (rowid, terms) VALUES (?, ?)", (now.id, now.terms))
    connection.executemany(
        "INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(person.hex, now.case_id) for person in case.people],
    )
