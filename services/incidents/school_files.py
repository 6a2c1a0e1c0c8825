"""A school's own editions, from its TOML files: who it is, calendar, deadlines, policy, directory.

What the law or the school can change stands there and not in code. A file that does not add up is
refused at start, with file, key and reason.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_type_hints

import msgspec
from holidays import country_holidays

from incidents.domain.deadlines import Calendar, Span, Term
from incidents.domain.facts import SchoolId, UserId
from incidents.domain.school import School
from incidents.domain.vocabulary import Agency, ClauseRef, Due, EmailAddress, Line, Role

YEARS_AFTER: Final = 5


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Letterhead(_File, frozen=True, kw_only=True):
    """school.toml: the school itself. `id` is opaque and stays for ever."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{8,32}$")]
    name: Line
    address: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=6)]
    phone: Line
    email: EmailAddress
    contact_name: Line
    contact_role: Line


class PolicyFile(_File, frozen=True, kw_only=True):
    """policy.toml: one edition of the policy, clause by clause."""

    edition: Line
    title: Line
    adopted_on: date
    clauses: Mapping[ClauseRef, Line]


class CalendarFile(_File, frozen=True, kw_only=True):
    """calendar.toml: one edition of the school's year."""

    edition: Line
    zone: str
    opens: time
    closes: time
    known: Span
    terms: Annotated[tuple[Span, ...], msgspec.Meta(min_length=1)]
    inset: tuple[date, ...] = ()
    region: Literal["ENG", "WLS", "SCT", "NIR"] = "ENG"
    """Whose bank holidays are kept: substitute days are among them."""
    bank_holidays: tuple[date, ...] = ()
    """Days beside those: one that has been proclaimed."""
    closures: tuple[date, ...] = ()


class DeadlinesFile(_File, frozen=True, kw_only=True):
    """deadlines.toml: how long each step may take."""

    deadlines: Mapping[Due, Term]


class DirectoryEntry(_File, frozen=True, kw_only=True):
    """Whom to write to at an agency; stale after six months without a look."""

    name: Line
    email: EmailAddress
    phone: Line
    verified_on: date


class DirectoryFile(_File, frozen=True, kw_only=True):
    agencies: Mapping[Agency, DirectoryEntry]


F = TypeVar("F", bound=_File)


class BadSchoolFile(Exception):
    """A school's file can't be used; the message names file, key and reason."""


class SchoolFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a school has configured, checked."""

    letterhead: Letterhead
    policy: PolicyFile
    calendar: Calendar
    deadlines: Mapping[Due, Term]
    directory: Mapping[Agency, DirectoryEntry]

    @property
    def id(self) -> SchoolId:
        return SchoolId(self.letterhead.id)

    def with_roster(self, roster: Mapping[UserId, frozenset[Role]]) -> School:
        """Return what the rules need to know, with who holds which role at this moment."""
        return School(
            id=self.id,
            policy_version=self.policy.edition,
            clauses=self.policy.clauses,
            calendar=self.calendar,
            terms=self.deadlines,
            roster=roster,
        )


def load_all(folder: Path) -> Mapping[SchoolId, SchoolFiles]:
    """Return every school in `folder`: the folder itself, or one subfolder for each.

    Raises `BadSchoolFile` for the first file that can't be used.
    """
    folders = [folder] if (folder / "school.toml").exists() else sorted(folder.glob("*/"))
    schools = [load(one) for one in folders]
    if not schools:
        raise BadSchoolFile(f"{folder}: there is no school.toml here. Set SCHOOL_DIR.")
    found = {school.id: school for school in schools}
    if len(found) != len(schools):
        raise BadSchoolFile(f"{folder}: two schools have the same id in their school.toml.")
    return found


def load(folder: Path) -> SchoolFiles:
    """Return one school's files. Raises `BadSchoolFile`."""
    calendar = _read(folder / "calendar.toml", CalendarFile)
    deadlines = _read(folder / "deadlines.toml", DeadlinesFile).deadlines
    missing = [due.value for due in Due if due not in deadlines]
    if missing:
        raise BadSchoolFile(
            f"{folder / 'deadlines.toml'}: deadlines: {', '.join(missing)} missing."
        )
    directory = _read(folder / "directory.toml", DirectoryFile).agencies
    unlisted = [agency.value for agency in Agency if agency not in directory]
    if unlisted:
        raise BadSchoolFile(
            f"{folder / 'directory.toml'}: agencies: {', '.join(unlisted)} missing."
        )
    return SchoolFiles(
        letterhead=_read(folder / "school.toml", Letterhead),
        policy=_read(folder / "policy.toml", PolicyFile),
        calendar=_calendar(folder / "calendar.toml", calendar),
        deadlines=deadlines,
        directory=directory,
    )


def _read(path: Path, kind: type[F]) -> F:
    try:
        said = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise BadSchoolFile(f"{path}: the file is missing.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSchoolFile(f"{path}: not readable as TOML: {error}") from error
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise BadSchoolFile(f"{path}: {_with_key(str(error), said, kind)}") from error


def _with_key(error: str, said: Mapping[str, Any], kind: type[_File]) -> str:
    """The error with the very key of a table that it is about: msgspec says "[...]" or "key"."""
    hints = get_type_hints(kind, include_extras=True)
    for table, entries in said.items():
        about = (f"$.{table}[...]", f"`key` in `$.{table}`")
        if not isinstance(entries, dict) or not any(one in error for one in about):
            continue
        for key, entry in entries.items():
            try:
                msgspec.convert({key: entry}, hints[table])
            except msgspec.ValidationError:
                return error.replace(about[0], f"$.{table}.{key}").replace(
                    about[1], f"`{key}` in `$.{table}`"
                )
    return error


def _bank_holidays(file: CalendarFile) -> frozenset[date]:
    """The bank holidays of the years the edition knows, and of some after: deadlines reach them."""
    years = range(file.known.first.year, file.known.last.year + YEARS_AFTER + 1)
    known = country_holidays("GB", subdiv=file.region, years=years)
    return frozenset(known) | frozenset(file.bank_holidays)


def _calendar(path: Path, file: CalendarFile) -> Calendar:
    calendar = Calendar(
        edition=file.edition,
        zone=file.zone,
        opens=file.opens,
        closes=file.closes,
        known=file.known,
        terms=file.terms,
        inset=frozenset(file.inset),
        bank_holidays=_bank_holidays(file),
        closures=frozenset(file.closures),
    )
    if calendar.opens >= calendar.closes:
        raise BadSchoolFile(f"{path}: opens: has to be earlier than closes.")
    for span in (calendar.known, *calendar.terms):
        if span.first > span.last:
            raise BadSchoolFile(f"{path}: {span.first} comes after {span.last}.")
        if span.first not in calendar.known or span.last not in calendar.known:
            raise BadSchoolFile(f"{path}: terms: {span.first} to {span.last} is outside `known`.")
    for earlier, later in pairwise(calendar.terms):
        if later.first <= earlier.last:
            raise BadSchoolFile(
                f"{path}: terms: the one from {later.first} begins before the one before it ends."
            )
    for key, days in (("inset", calendar.inset), ("closures", calendar.closures)):
        for day in sorted(days):
            if day not in calendar.known:
                raise BadSchoolFile(f"{path}: {key}: {day} is outside `known`.")
    try:
        calendar.opening(calendar.known.first)
    except (KeyError, ValueError, OSError) as error:
        raise BadSchoolFile(f"{path}: zone: {file.zone} is not a time zone.") from error
    return calendar
