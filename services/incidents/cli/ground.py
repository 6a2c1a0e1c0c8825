"""What commands stand on: settings, the installation, and how to say what can't be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from incidents.config import Settings

if TYPE_CHECKING:
    from incidents.installation import Installation

NOT_POSSIBLE: Final = 2


class Failed(click.ClickException):
    """What can't be done, in words for whoever typed it."""

    exit_code = NOT_POSSIBLE


def settings_here() -> Settings:
    """Return the settings of the environment. Raises Failed."""
    try:
        return Settings.from_environment()
    except ValueError as reason:
        raise Failed(str(reason)) from reason


@contextmanager
def opened(settings: Settings) -> "Iterator[Installation]":
    """The installation, closed again; what is wrong with it is said in words."""
    from incidents.installation import open_installation
    from incidents.school_files import BadSchoolFile
    from incidents.store import MasterKeyUnusable, StoreUnavailable

    try:
        installation = open_installation(settings)
    except (BadSchoolFile, MasterKeyUnusable, StoreUnavailable) as reason:
        raise Failed(str(reason)) from reason
    try:
        yield installation
    finally:
        installation.close()
