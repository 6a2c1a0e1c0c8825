"""What the Django peer keeps."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from tests.bench.peers.casework import SignedIn


class User(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    school = models.CharField(max_length=32)
    name = models.CharField(max_length=500)
    roles = models.JSONField(default=list)


class Token(models.Model):
    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    revoked = models.BooleanField(default=False)


class Cases(models.QuerySet):
    """The cases of a school as far as somebody sees them."""

    def seen_by(self, user: SignedIn) -> "QuerySet[Any]":
        walled = CasePerson.objects.filter(
            case=OuterRef("pk"), user_id=user.id, part__in=("subject", "related")
        )
        found = self.filter(~Exists(walled), school=user.school)
        if user.is_senior:
            return found
        return found.filter(Q(reporter_id=user.id) | Q(lead_id=user.id))


class Case(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    school = models.CharField(max_length=32)
    reference = models.CharField(max_length=16, unique=True)
    version = models.IntegerField(default=1)
    stage = models.CharField(max_length=16, default="reported")
    kind = models.CharField(max_length=40)
    severity = models.IntegerField(null=True)
    reporter = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    reported_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    next_due_at = models.DateTimeField(null=True)
    state = models.JSONField(default=dict)

    objects = Cases.as_manager()

    class Meta:
        indexes = (
            models.Index("school", "reported_at", "id", name="newest"),
            models.Index("reporter", "reported_at", "id", name="newest_of"),
        )


class CasePerson(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="people")
    part = models.CharField(max_length=16)
    role = models.CharField(max_length=16)
    name = models.CharField(max_length=500, null=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True)


class AuditEntry(models.Model):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False)
    version = models.IntegerField()
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False)
    at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("case", "version"), name="one_version"),)
