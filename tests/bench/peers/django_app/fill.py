"""Makes the Django peer's tables and fills them: `python -m tests.bench.peers.django_app.fill N`.

Prints the tokens of its users as JSON, by role, and the ids of some of the cases.
"""

import os
import sys
from datetime import UTC, datetime, timedelta

import django
from django.core.management import call_command
from django.db import transaction

from tests.bench.peers import casework, filling


def main(count: int) -> None:
    from tests.bench.peers.django_app.models import AuditEntry, Case, Token, User

    call_command("migrate", run_syncdb=True, verbosity=0)
    people = filling.people()
    expires_at = datetime.now(UTC) + timedelta(days=90)
    with transaction.atomic():
        User.objects.bulk_create(
            User(id=p.id, school=casework.SCHOOL, name=p.role, roles=[p.role]) for p in people
        )
        Token.objects.bulk_create(
            Token(digest=casework.digest(p.token), user_id=p.id, expires_at=expires_at)
            for p in people
        )
    filed = filling.cases(count, people)
    kept = []
    for batch in filling.in_batches(filed):
        kept += [one.columns["id"] for one in batch]
        with transaction.atomic():
            Case.objects.bulk_create(Case(**one.columns) for one in batch)
            AuditEntry.objects.bulk_create(
                AuditEntry(
                    case_id=one.columns["id"],
                    version=version,
                    action=action,
                    actor_id=actor,
                    at=at,
                    data=data,
                )
                for one in batch
                for version, action, actor, at, data in one.audit
            )
    print(filling.told(people, kept[:: max(1, count // filling.TOLD)]))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.peers.django_app.settings")
    django.setup()
    main(int(sys.argv[1]))
