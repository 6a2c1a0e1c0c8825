"""Makes the FastAPI peer's tables and fills them: `python -m tests.bench.peers.fastapi_fill N`.

Prints the tokens of its users as JSON, by role, and the ids of some of the cases.
"""

import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests.bench.peers import casework, filling
from tests.bench.peers.fastapi_app import AuditEntry, Base, Case, Token, User, to_write


def main(count: int) -> None:
    Base.metadata.create_all(to_write)
    people = filling.people()
    expires_at = datetime.now(UTC) + timedelta(days=90)
    with Session(to_write) as session, session.begin():
        session.add_all(
            User(id=p.id, school=casework.SCHOOL, name=p.role, roles=[p.role]) for p in people
        )
        session.flush()
        session.add_all(
            Token(digest=casework.digest(p.token), user_id=p.id, expires_at=expires_at)
            for p in people
        )
    filed = filling.cases(count, people)
    kept = []
    for batch in filling.in_batches(filed):
        kept += [one.columns["id"] for one in batch]
        with Session(to_write) as session, session.begin():
            session.execute(insert(Case), [one.columns for one in batch])
            entries = [
                dict(zip(_ENTRY, (one.columns["id"], *entry), strict=True))
                for one in batch
                for entry in one.audit
            ]
            session.execute(insert(AuditEntry), entries)
    print(filling.told(people, kept[:: max(1, count // filling.TOLD)]))


_ENTRY = ("case_id", "version", "action", "actor_id", "at", "data")

if __name__ == "__main__":
    main(int(sys.argv[1]))
