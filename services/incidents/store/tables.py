"""The tables of the log: events that nobody can change, where each stream stands, and claims."""

from typing import Final

from durable import Schema, only

LOG: Final = Schema(
    "events",
    (
        # AUTOINCREMENT: without it the id of a deleted last row would be given again.
        """CREATE TABLE IF NOT EXISTS stored_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            originator_id TEXT NOT NULL,
            originator_version INTEGER NOT NULL,
            topic TEXT NOT NULL,
            state BLOB NOT NULL,
            UNIQUE (originator_id, originator_version)
        )""",
        *only(
            "sqlite",
            """CREATE TRIGGER IF NOT EXISTS events_are_never_changed BEFORE UPDATE ON stored_events
                BEGIN SELECT RAISE(ABORT, 'a recorded event is never changed'); END""",
            """CREATE TRIGGER IF NOT EXISTS events_are_never_deleted BEFORE DELETE ON stored_events
                BEGIN SELECT RAISE(ABORT, 'a recorded event is never deleted'); END""",
            # REPLACE deletes without asking the trigger above; it is stopped by the id it takes.
            """CREATE TRIGGER IF NOT EXISTS events_follow_one_another BEFORE INSERT ON stored_events
                BEGIN SELECT RAISE(ABORT, 'an event only follows the last one of its stream')
                    WHERE EXISTS (SELECT 1 FROM stored_events WHERE id = NEW.id)
                    OR NEW.originator_version <> 1 + coalesce((SELECT max(originator_version)
                        FROM stored_events WHERE originator_id = NEW.originator_id), 0); END""",
        ),
        *only(
            "postgresql",
            """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'a recorded event is never changed or deleted'
                    USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            """CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON stored_events
                FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
            """CREATE TRIGGER events_are_never_truncated BEFORE TRUNCATE ON stored_events
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
            """CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.originator_version <> 1 + coalesce((SELECT max(originator_version)
                    FROM stored_events WHERE originator_id = NEW.originator_id), 0) THEN
                    RAISE EXCEPTION 'an event only follows the last one of its stream'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF; RETURN NEW; END $$""",
            """CREATE TRIGGER events_follow_one_another BEFORE INSERT ON stored_events
                FOR EACH ROW EXECUTE FUNCTION refuse_gap()""",
        ),
        """CREATE TABLE IF NOT EXISTS states (
            stream TEXT PRIMARY KEY,
            school TEXT NOT NULL,
            kind TEXT NOT NULL,
            version INTEGER NOT NULL,
            state BLOB NOT NULL
        )""",
        # Users are few among many cases: listing them must not read them all.
        "CREATE INDEX IF NOT EXISTS states_by_kind ON states (school, kind)",
        """CREATE TABLE IF NOT EXISTS claims (
            school TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            stream TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (school, kind, key)
        ) WITHOUT ROWID""",
        # Whether any user has changed is asked with every request.
        "CREATE INDEX IF NOT EXISTS states_stamp ON states (school, kind, version)",
        "DROP INDEX IF EXISTS states_by_kind",
    ),
    grants={
        "stored_events": "SELECT, INSERT",
        "states": "SELECT, INSERT, UPDATE",
        "claims": "SELECT, INSERT",
    },
)
