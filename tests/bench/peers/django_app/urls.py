"""Where the acts answer."""

from django.urls import path

from tests.bench.peers.django_app import views

urlpatterns = [
    path("api/incidents", views.log_incident),
    path("api/cases", views.list_cases),
    path("api/cases/<uuid:case_id>", views.read_case),
    path("api/cases/<uuid:case_id>/start-assessment", views.start_assessment),
]
