"""A school's file that is wrong is refused at start: by file, key and reason, whatever is wrong."""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest

from incidents.school_files import BadSchoolFile, load, load_all
from tests.support.office import SCHOOL_DIR

FILES: Final = sorted(path.name for path in SCHOOL_DIR.glob("*.toml"))
LISTS: Final = ("terms", "inset", "bank_holidays", "closures", "address")


def leaves(table: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a file, by its way from the top."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*at, key))
        yield (*at, key)


KEYS: Final = [
    (name, at) for name in FILES for at in leaves(tomllib.loads((SCHOOL_DIR / name).read_text()))
]


def toml(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case bool():
            return str(value).lower()
        case date() | datetime() | time():
            return value.isoformat()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        case _:
            return str(value)


def written(folder: Path, name: str, whole: dict[str, Any]) -> Path:
    copytree(SCHOOL_DIR, folder)
    (folder / name).write_text("".join(f"{toml(k)} = {toml(v)}\n" for k, v in whole.items()))
    return folder


def of(name: str) -> dict[str, Any]:
    return tomllib.loads((SCHOOL_DIR / name).read_text())


def put(whole: dict[str, Any], at: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The file with another value at a key, or without the key where the value is None."""
    *way, last = at
    inner = whole
    for key in way:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return whole


def refused(folder: Path, name: str, *said: str) -> str:
    with pytest.raises(BadSchoolFile) as caught:
        load(folder)
    told = str(caught.value)
    assert name in told
    assert any(word in told for word in said), told
    return told


def test_what_is_delivered_is_right(tmp_path: Path) -> None:
    for name in FILES:
        load(written(tmp_path / name, name, of(name)))


@pytest.mark.parametrize(("name", "at"), KEYS, ids=lambda one: str(one))
def test_a_value_of_another_kind_is_refused_by_its_key(
    tmp_path: Path, name: str, at: tuple[str, ...]
) -> None:
    for number, wrong in enumerate((True, {"of": ["another kind"]}, [["nested"]])):
        folder = written(tmp_path / str(number), name, put(of(name), at, wrong))
        refused(folder, name, at[-1])


@pytest.mark.parametrize(("name", "at"), KEYS, ids=lambda one: str(one))
def test_a_key_that_is_missing_is_named_or_has_a_default(
    tmp_path: Path, name: str, at: tuple[str, ...]
) -> None:
    folder = written(tmp_path / "school", name, put(of(name), at, None))
    may_be_left_out = at[-1] in (*LISTS[1:4], "region") or at[0] == "clauses"
    if may_be_left_out and at != ("clauses",):
        load(folder)
    else:
        refused(folder, name, at[-1])


@pytest.mark.parametrize("name", FILES)
def test_a_key_that_nobody_knows_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    whole = {"nobody_knows": 1, **of(name)}
    refused(written(tmp_path / "school", name, whole), name, "nobody_knows")


WRONG: Final[list[tuple[str, tuple[str, ...], Any, str]]] = [
    ("calendar.toml", ("zone",), "Europe/Lancaster", "zone"),
    ("calendar.toml", ("zone",), "Europe", "zone"),
    ("calendar.toml", ("zone",), "../../etc/passwd", "zone"),
    ("calendar.toml", ("opens",), time(18), "opens"),
    ("calendar.toml", ("terms",), [], "terms"),
    (
        "calendar.toml",
        ("terms",),
        [{"first": date(2026, 11, 2), "last": date(2026, 10, 2)}],
        "comes after",
    ),
    (
        "calendar.toml",
        ("terms",),
        [{"first": date(2025, 11, 2), "last": date(2026, 10, 2)}],
        "terms",
    ),
    (
        "calendar.toml",
        ("terms",),
        [
            {"first": date(2026, 9, 2), "last": date(2026, 10, 23)},
            {"first": date(2026, 10, 20), "last": date(2026, 12, 18)},
        ],
        "terms",
    ),
    ("calendar.toml", ("region",), "FRA", "region"),
    ("calendar.toml", ("inset",), [date(2036, 9, 2)], "inset"),
    ("calendar.toml", ("closures",), [date(2020, 1, 14)], "closures"),
    ("deadlines.toml", ("deadlines", "lado", "amount"), -1, "lado"),
    ("deadlines.toml", ("deadlines", "lado", "amount"), 10**6, "lado"),
    ("deadlines.toml", ("deadlines", "lado", "clock"), "moon_days", "lado"),
    ("deadlines.toml", ("deadlines", "no_such_step"), {"amount": 1, "clock": "school_days"}, "no_"),
    ("directory.toml", ("agencies", "lado", "email"), "lado@@example.org", "lado"),
    ("directory.toml", ("agencies", "lado", "email"), "a@example.org\nBcc: b@example.org", "lado"),
    ("directory.toml", ("agencies", "lado", "name"), "", "lado"),
    ("directory.toml", ("agencies", "nobody"), {}, "nobody"),
    ("school.toml", ("id",), "Not An Id", "id"),
    ("school.toml", ("email",), "office", "email"),
    ("school.toml", ("address",), [], "address"),
    ("policy.toml", ("clauses", "no clause"), "words", "no clause"),
    ("policy.toml", ("edition",), "  ", "edition"),
]


@pytest.mark.parametrize(("name", "at", "value", "said"), WRONG, ids=lambda one: str(one)[:40])
def test_a_value_that_makes_no_sense_is_refused_by_its_key(
    tmp_path: Path, name: str, at: tuple[str, ...], value: Any, said: str
) -> None:
    refused(written(tmp_path / "school", name, put(of(name), at, value)), name, said, "agencies")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_unreadable_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "school"
    copytree(SCHOOL_DIR, folder)
    (folder / name).write_bytes(b"\xff\xfe = [")
    refused(folder, name, "TOML")
    (folder / name).unlink()
    refused(folder, name, "missing")


def test_a_folder_without_a_school_and_one_with_the_same_school_twice_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadSchoolFile, match="SCHOOL_DIR"):
        load_all(tmp_path)
    for name in ("one", "two"):
        copytree(SCHOOL_DIR, tmp_path / name)
    with pytest.raises(BadSchoolFile, match="same id"):
        load_all(tmp_path)


def test_bank_holidays_are_known_with_their_substitute_days(tmp_path: Path) -> None:
    calendar = load(SCHOOL_DIR).calendar
    days = {f"{day:%Y-%m-%d}" for day in calendar.bank_holidays}
    assert {"2026-12-25", "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29"} <= days
    assert {"2027-12-27", "2027-12-28"} <= days, "both substitute days of the year after"
    assert "2026-08-03" not in days, "a bank holiday of Scotland"
    scotland = written(
        tmp_path / "school", "calendar.toml", put(of("calendar.toml"), ("region",), "SCT")
    )
    assert date(2026, 11, 30) in load(scotland).calendar.bank_holidays


def test_a_day_that_has_been_proclaimed_is_kept_beside_them(tmp_path: Path) -> None:
    proclaimed = put(of("calendar.toml"), ("bank_holidays",), [date(2027, 5, 10)])
    calendar = load(written(tmp_path / "school", "calendar.toml", proclaimed)).calendar
    assert {date(2027, 5, 10), date(2027, 5, 3)} <= calendar.bank_holidays
    assert not calendar.is_working_day(date(2027, 5, 10))
