"""The tables of the search: keyed hashes of words, and no word.

SQLite's FTS5 keeps no text of its own here (`content=''`), and which word stands where in a text
is not kept at all (`detail=none`). PostgreSQL has the same hashes in a tsvector under a GIN index.
"""

from typing import Final

from durable import Schema, only

SEARCH: Final = Schema(
    "search",
    (
        """CREATE TABLE documents (
            id INTEGER PRIMARY KEY,
            case_id TEXT NOT NULL UNIQUE,
            school TEXT NOT NULL,
            version INTEGER NOT NULL,
            texts TEXT NOT NULL,
            words TEXT NOT NULL,
            terms TEXT NOT NULL
        )""",
        """CREATE TABLE about (
            person TEXT NOT NULL, case_id TEXT NOT NULL, PRIMARY KEY (person, case_id)
        ) WITHOUT ROWID""",
        "CREATE TABLE followed (name TEXT PRIMARY KEY, position INTEGER NOT NULL)",
        "INSERT INTO followed VALUES ('search', 0)",
        *only(
            "sqlite",
            """CREATE VIRTUAL TABLE found USING
                fts5(terms, content='', detail=none, columnsize=0, tokenize='ascii')""",
        ),
        *only(
            "postgresql",
            """ALTER TABLE documents ADD COLUMN found TSVECTOR
                GENERATED ALWAYS AS (array_to_tsvector(string_to_array(terms, ' '))) STORED""",
            "CREATE INDEX found ON documents USING GIN (found)",
        ),
    ),
    # What is forgotten has to be cleared out of the tables, and only their owner may do that.
    owned=("documents", "about"),
)
