"""The acts in Django, the way its documentation teaches: plain views, forms, `atomic`."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tests.bench.peers import casework
from tests.bench.peers.casework import SignedIn
from tests.bench.peers.django_app.forms import BadBody, LogIncident, StartAssessment, read
from tests.bench.peers.django_app.models import AuditEntry, Case, CasePerson, Token, User

Answer = Callable[[HttpRequest], HttpResponse]


def sign_in(get_response: Answer) -> Answer:
    """The door: a bearer token, checked against what is kept of it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        token = (
            Token.objects.select_related("user")
            .filter(digest=casework.digest(shown), expires_at__gt=timezone.now(), revoked=False)
            .first()
        )
        if scheme.lower() != "bearer" or token is None:
            return _refused(401, "Sign in: this token is nobody's.")
        user = token.user
        request.signed_in = SignedIn(user.id, user.school, frozenset(user.roles))
        return get_response(request)

    return middleware


def _refused(status: int, detail: object) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


@require_POST
def log_incident(request: HttpRequest) -> HttpResponse:
    """Begin a case, with the first entry of its audit."""
    user = request.signed_in
    role = casework.may_report(user)
    if role is None:
        return _refused(403, "Your roles may not report.")
    try:
        report = read(request, LogIncident)
    except BadBody as error:
        return _refused(422, error.errors)
    now = timezone.now()
    if casework.lie_ahead(now, (report["observed_at"], report["posted_at"])):
        return _refused(422, "A time in the report lies in the future.")
    if not _all_known(user, report["people"]):
        return _refused(422, "A user named in the report is not known at this school.")
    with transaction.atomic():
        case = new_case(report, user, now)
        case.save(force_insert=True)
        CasePerson.objects.bulk_create(
            CasePerson(case=case, part=p["part"], role=p["role"], name=p["name"], user_id=p["user"])
            for p in report["people"]
        )
        after = {"version": 1, "stage": case.stage, "kind": case.kind, **case.state}
        _audit(case, "incident_logged", user, role, now, None, after)
    answer = {"case_id": case.id, "reference": case.reference, "version": case.version}
    headers = {"Location": f"/api/cases/{case.id}", "ETag": f'"{case.version}"'}
    return JsonResponse(answer, status=201, headers=headers)


@require_POST
def start_assessment(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Take the lead and begin the assessment."""
    user, now = request.signed_in, timezone.now()
    try:
        read(request, StartAssessment)
    except BadBody as error:
        return _refused(422, error.errors)
    action = casework.BY_COMMAND["start-assessment"]
    with transaction.atomic():
        case = get_object_or_404(Case.objects.seen_by(user).select_for_update(), pk=case_id)
        if request.headers.get("If-Match") != f'"{case.version}"':
            return _refused(412, "The case has moved on: read it again.")
        roles = casework.relations(user, case.reporter_id, case.lead_id)
        if reasons := casework.reasons_against(action, roles, case.stage):
            return _refused(409, reasons)
        before = {"stage": case.stage, "lead": None, "version": case.version}
        case.stage, case.lead_id, case.updated_at = "assessing", user.id, now
        case.version += 1
        case.save(update_fields=["stage", "lead", "updated_at", "version"])
        after = {"stage": case.stage, "lead": str(user.id), "version": case.version}
        _audit(case, "assessment_started", user, min(roles & set(action.roles)), now, before, after)
    answer = {"case_id": case.id, "stage": case.stage, "version": case.version}
    return JsonResponse(answer, headers={"ETag": f'"{case.version}"'})


@require_GET
def read_case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """A case as it stands, and what may be done now."""
    user = request.signed_in
    case = get_object_or_404(Case.objects.seen_by(user), pk=case_id)
    roles = casework.relations(user, case.reporter_id, case.lead_id)
    answer = {
        "case_id": case.id,
        "reference": case.reference,
        "version": case.version,
        "stage": case.stage,
        "kind": case.kind,
        "severity": case.severity,
        "reporter": case.reporter_id,
        "lead": case.lead_id,
        "reported_at": case.reported_at,
        "updated_at": case.updated_at,
        "state": case.state,
        "actions": casework.offers(case.id, roles, case.stage),
    }
    return JsonResponse(answer, headers={"ETag": f'"{case.version}"'})


@require_GET
def list_cases(request: HttpRequest) -> HttpResponse:
    """The cases this user may see, newest first."""
    now = timezone.now()
    found = Case.objects.seen_by(request.signed_in).order_by("-reported_at", "-id")
    if stage := request.GET.get("stage"):
        found = found.filter(stage=stage)
    lines = [_line(case, now) for case in found.defer("state")[: casework.PAGE]]
    last = lines[-1] if len(lines) == casework.PAGE else None
    cursor = f"{last['reported_at'].isoformat()}~{last['case_id']}" if last else None
    return JsonResponse({"cases": lines, "next": cursor})


def new_case(report: dict[str, Any], user: SignedIn, now: datetime) -> Case:
    """Return a case that is not in the database yet."""
    moments = ("observed_at", "posted_at")
    said = {**report, **{name: report[name].isoformat() for name in moments if report[name]}}
    people = [{"person": str(uuid.uuid4()), "part": one["part"]} for one in report["people"]]
    state = casework.document(said, people)
    state["deadlines"] = casework.deadlines(now)
    return Case(
        school=user.school,
        reference=casework.reference(),
        kind=report["kind"],
        reporter_id=user.id,
        reported_at=now,
        updated_at=now,
        next_due_at=casework.end_of_school_day(now, 1),
        state=state,
    )


def _all_known(user: SignedIn, people: list[dict[str, Any]]) -> bool:
    named = {person["user"] for person in people if person["user"]}
    known = User.objects.filter(id__in=named, school=user.school).count() if named else 0
    return known == len(named)


def _audit(
    case: Case,
    action: str,
    user: SignedIn,
    role: str,
    now: datetime,
    before: object,
    after: object,
) -> None:
    AuditEntry.objects.create(
        case=case,
        version=case.version,
        action=action,
        actor_id=user.id,
        at=now,
        data=casework.audited(user, role, now, before, after),
    )


def _line(case: Case, now: datetime) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "reference": case.reference,
        "version": case.version,
        "stage": case.stage,
        "kind": case.kind,
        "severity": case.severity,
        "lead": case.lead_id,
        "reported_at": case.reported_at,
        "updated_at": case.updated_at,
        "next_due_at": case.next_due_at,
        "overdue": case.next_due_at is not None and case.next_due_at < now,
    }
