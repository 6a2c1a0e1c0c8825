"""Searching by words: over what the reader is shown, and without a word of it at rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from incidents.api import cases as api
from incidents.api.cases import CasesAsked
from incidents.api.cursor import Cursors
from incidents.domain.assessment import StartAssessment
from incidents.domain.intake import CorrectEntry, IdentifyPerson, PersonInIncident
from incidents.domain.state import Case
from incidents.domain.vocabulary import Category, Correctable, Part, PersonRole
from incidents.search import words_of
from incidents.search.terms import index_owner
from incidents.store import Owner
from tests.incidents.service.test_lists import Asked
from tests.support.office import PARENT, Office


@pytest.fixture
def school(place: str | None, tmp_path: Path) -> Iterator[Office]:
    """An office on files, and one on PostgreSQL."""
    opened = Office(tmp_path / "var", database_url=place)
    yield opened
    opened.close()


def found(office: Office, who: str, q: str, **narrowed: Any) -> list[UUID]:
    """Search page by page, as a client does."""
    request: Any = Asked(office.installation, office.users[who], Cursors(b"k" * 32))
    asked, cases = CasesAsked(q=q, **narrowed), list[UUID]()
    while True:
        answer = msgspec.json.decode(api._list(request, asked), type=api.CaseList)
        cases += [line.case_id for line in answer.cases]
        if answer.next is None:
            return cases
        asked = msgspec.structs.replace(asked, cursor=answer.next)


def reported(office: Office, facts: str, **said: Any) -> Case:
    case = office.log(facts=facts, **said)
    office.after(minutes=1)
    office.follow()
    return case


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("O'Neill", {"o", "neill"}),
        ("O’Neill", {"o", "neill"}),
        ("CASE-1", {"case", "1"}),
        ("#NotMyTeacher_2", {"notmyteacher", "2"}),
        ("Llŷr ŴYN", {"llyr", "wyn"}),
        ("Łódź Straße", {"lodz", "strasse"}),
        ("ﬁne ＦＵＬＬ", {"fine", "full"}),
        ("İstanbul", {"istanbul"}),
        ('"; DROP TABLE found; --', {"drop", "table", "found"}),
        ("NEAR( AND OR * ^", {"near", "and", "or"}),
        ("%_☺ ", set()),
    ],
)
def test_words_are_found_however_they_are_written(text: str, words: set[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    "q", ["o'neill", "O’NEILL", "of neill", "case-1", "#shamed 1", "llyr ŁÓDŹ", "and case or were"]
)
def test_a_case_is_found_by_all_of_its_words(school: Office, q: str) -> None:
    reported(school, "Something else was shamed, and is no case at all.")
    case = reported(school, "Mr O'Neill and Llŷr of Łódź were #shamed, or so it says, in CASE-1.")
    assert found(school, "headteacher", q) == [case.id]
    assert found(school, "headteacher", f"{q} elsewhere") == []


def test_nothing_is_found_where_no_word_is_asked_for(school: Office) -> None:
    reported(school, "A post.")
    for q in ("%", "_", "'", "*", "☺"):
        assert found(school, "headteacher", q) == []


def test_everybody_finds_by_what_he_is_shown(school: Office) -> None:
    case = reported(
        school, "The facts name Xanthippe.", opinion="Quixotic.", on_school_account=True,
        platform="Zwitterbook", categories=(Category.OFFENSIVE,),
    )  # fmt: skip
    shown = {
        "headteacher": {"xanthippe", "quixotic", "zwitterbook", "parentname"},
        "staff": {"xanthippe", "quixotic", "zwitterbook"},
        "moderator": {"zwitterbook"},
        "auditor": set(),
        "second_staff": set(),
    }
    for who, words in shown.items():
        for q in ("xanthippe", "quixotic", "zwitterbook", "parentname"):
            assert (found(school, who, q) == [case.id]) is (q in words), (who, q)


def test_what_was_put_right_is_found_by_who_reads_it(school: Office) -> None:
    case = reported(school, "It was Aloysius.")
    correction = CorrectEntry(
        field=Correctable.FACTS, new="It was Bartholomew.", reason="Somebody else was meant."
    )
    school.ask("slt", case, StartAssessment())
    school.ask("slt", case, correction)
    school.follow()
    assert found(school, "headteacher", "bartholomew") == [case.id]
    assert found(school, "headteacher", "aloysius") == []
    # The reporter goes on reading his own words.
    assert found(school, "staff", "aloysius") == [case.id]
    assert found(school, "staff", "bartholomew") == []


def test_a_wall_holds_before_the_index_knows_of_it(school: Office) -> None:
    case = reported(school, "It was Xanthippe.", by="second_staff")
    assert found(school, "second_staff", "xanthippe") == [case.id]
    school.ask("headteacher", case, IdentifyPerson(
        part=Part.SUBJECT, role=PersonRole.STAFF, user=school.id_of("second_staff")
    ))  # fmt: skip
    assert found(school, "second_staff", "xanthippe") == []
    school.follow()
    assert found(school, "second_staff", "xanthippe") == []


def test_pages_of_a_search_follow_on_each_other(school: Office) -> None:
    made = [reported(school, f"Number {n} names Xanthippe.").id for n in range(7)]
    reported(school, "Nobody is named.")
    assert found(school, "headteacher", "xanthippe names", limit=2) == made[::-1]
    assert found(school, "headteacher", "xanthippe", limit=3, overdue=True) == []


def test_a_reference_is_found_from_its_beginning(school: Office) -> None:
    case = reported(school, "A post.")
    reported(school, f"See {case.reference}.")
    for length in (12, 9, 6):
        assert found(school, "headteacher", case.reference[:length].lower()) == [case.id]
    assert len(found(school, "headteacher", "cw-")) == 2


def test_a_search_shows_the_same_however_the_log_was_followed(school: Office) -> None:
    made = [reported(school, f"Number {n} names Xanthippe.").id for n in range(3)]
    search, store = school.installation.search, school.installation.store
    for start in (0, 3, 1):
        search.take(store.log(start, 4))
    assert search.rebuild() == 3
    assert found(school, "headteacher", "xanthippe") == made[::-1]


# ── nothing of it at rest, and nothing after forgetting ───────────────────────────────────────────


def everything_at_rest(office: Office, place: str | None) -> bytes:
    """Every byte of every file of the installation, and every row of the index's tables."""
    var = office.installation.settings.var
    files = b"".join(file.read_bytes() for file in sorted(var.rglob("*")) if file.is_file())
    return files if place is None else files + rows_of(place, "caseward_search")


def rows_of(url: str, schema: str) -> bytes:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,)
        ).fetchall()
        rows = [
            connection.execute(f'SELECT t::text FROM "{schema}"."{name}" t').fetchall()
            for (name,) in tables
        ]
    return repr(rows).encode()


def test_no_word_lies_in_any_file(school: Office, place: str | None) -> None:
    case = reported(school, "Xanthippe was named by the Quixotics.", opinion="Zeugmatic.")
    assert found(school, "headteacher", "xanthippe zeugmatic") == [case.id]
    at_rest = everything_at_rest(school, place).lower()
    assert case.id.hex.encode() in at_rest
    for word in (b"xanthippe", b"quixotics", b"zeugmatic", PARENT.split()[1].lower().encode()):
        assert word not in at_rest


def terms_of(office: Office, case: Case) -> set[str]:
    with office.installation.search.database.reading() as connection:
        row = connection.execute(
            "SELECT words FROM documents WHERE case_id = ?", (case.id.hex,)
        ).fetchone()
    return set(row[0].split())


def test_what_is_forgotten_leaves_the_index_and_its_files(
    school: Office, place: str | None
) -> None:
    person = PersonInIncident(part=Part.SUBJECT, role=PersonRole.PARENT, name="Xanthippe Zeugma")
    case = reported(school, "The facts stay.", people=(person,))
    before = terms_of(school, case)
    assert found(school, "headteacher", "xanthippe") == [case.id]
    subject = school.subject(case)
    assert school.installation.store.keys.destroy(Owner(case.school, "person", subject))
    # From this moment on nobody is shown the name; the index still knows its hashes.
    assert found(school, "headteacher", "xanthippe") == []
    assert school.installation.search.forget(subject) == 1
    gone = before - terms_of(school, case)
    assert len(gone) == 2
    assert found(school, "headteacher", "facts stay") == [case.id]
    at_rest = everything_at_rest(school, place)
    for term in gone:
        assert term.encode() not in at_rest
    for term in terms_of(school, case):
        assert term.encode() in at_rest


def test_a_forgotten_case_has_no_words_left(school: Office) -> None:
    case, other = reported(school, "Xanthippe."), reported(school, "Xanthippe.")
    school.installation.store.keys.destroy(Owner(case.school, "stream", case.id))
    assert school.installation.search.forget(case.id) == 1
    assert found(school, "headteacher", "xanthippe") == [other.id]


def test_without_its_key_an_index_tells_nothing_and_is_made_anew(school: Office) -> None:
    case = reported(school, "Xanthippe.")
    before = terms_of(school, case)
    school.installation.store.keys.destroy(index_owner(case.school))
    assert found(school, "headteacher", "xanthippe") == []
    school.installation.search.rebuild()
    assert found(school, "headteacher", "xanthippe") == [case.id]
    assert not before & terms_of(school, case)
