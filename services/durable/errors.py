"""What can go wrong with a database, in the same words for each kind of it."""


class StoreUnavailable(Exception):
    """The database cannot be read or written now (disk full, busy, away). Nothing was kept."""


class OutcomeUnknown(StoreUnavailable):
    """The connection was lost while a transaction was being committed: it may be there or not."""


class NotSetUp(StoreUnavailable):
    """Somebody has to set it up, or to name it rightly, before trying again can help."""


class MustMigrate(NotSetUp):
    """The database has not the tables this program needs: they are made by `migrate`."""


class HoldLost(StoreUnavailable):
    """The right to work with the database alone may have ended: get it back before going on."""


class HeldElsewhere(Exception):
    """Another process works with the database alone."""


class DatabaseError(Exception):
    """The database refused something for a reason of its own: a mistake of ours, or damage."""


class IntegrityError(DatabaseError):
    """A constraint or a trigger refused a row."""
