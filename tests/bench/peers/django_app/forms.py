"""What may be sent to the Django peer: forms over the JSON of a body."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import HttpRequest

from incidents.domain.vocabulary import (
    Category,
    Flag,
    Kind,
    Part,
    PersonRole,
    PosterIdentity,
    Source,
)


class BadBody(Exception):
    """The body does not fit; `errors` says where, by field."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__("The body does not fit.")
        self.errors = errors


def _words(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


_ONE_LINE = RegexValidator(r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")
_LINK = RegexValidator(r"^https?://[^\s/$.?#][^\s]*\Z")


class Strict(forms.Form):
    """A form that refuses what it has no field for."""

    def clean(self) -> dict[str, Any]:
        unknown = set(self.data) - set(self.fields)
        if unknown:
            raise ValidationError(f"Not known: {', '.join(sorted(unknown))}.")
        said: dict[str, Any] = super().clean() or self.cleaned_data
        return said


class PersonInIncident(Strict):
    part = forms.ChoiceField(choices=_words(Part))
    role = forms.ChoiceField(choices=_words(PersonRole))
    name = forms.CharField(max_length=500, required=False, validators=[_ONE_LINE])
    user = forms.UUIDField(required=False)


class LogIncident(Strict):
    kind = forms.ChoiceField(choices=_words(Kind))
    categories = forms.MultipleChoiceField(choices=_words(Category))
    platform = forms.CharField(max_length=60, validators=[_ONE_LINE])
    observed_at = forms.DateTimeField()
    facts = forms.CharField(max_length=10_000)
    source = forms.ChoiceField(choices=_words(Source), required=False)
    poster_identity = forms.ChoiceField(choices=_words(PosterIdentity), required=False)
    on_school_account = forms.BooleanField(required=False)
    suspected_illegal = forms.BooleanField(required=False)
    post_url = forms.CharField(max_length=2_000, required=False, validators=[_LINK])
    posted_at = forms.DateTimeField(required=False)
    opinion = forms.CharField(max_length=10_000, required=False)
    child_words = forms.CharField(max_length=10_000, required=False)
    immediate_action = forms.CharField(max_length=10_000, required=False)
    flags = forms.MultipleChoiceField(choices=_words(Flag), required=False)
    people = forms.JSONField(required=False)

    def clean_categories(self) -> list[str]:
        return _at_most(10, self.cleaned_data["categories"])

    def clean_flags(self) -> list[str]:
        return _at_most(10, self.cleaned_data["flags"])

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or Source.SEEN.value

    def clean_poster_identity(self) -> str:
        return self.cleaned_data["poster_identity"] or PosterIdentity.UNKNOWN.value

    def clean_people(self) -> list[dict[str, Any]]:
        people = [PersonInIncident(one) for one in _at_most(30, self.data.get("people", []))]
        wrong = [person.errors for person in people if not person.is_valid()]
        if wrong:
            raise ValidationError([str(errors) for errors in wrong])
        return [person.cleaned_data for person in people]


class StartAssessment(Strict):
    pass


def _at_most(count: int, values: object) -> list[Any]:
    if not isinstance(values, list) or len(values) > count:
        raise ValidationError(f"At most {count}.")
    return values


def read(request: HttpRequest, form: type[Strict]) -> dict[str, Any]:
    """Return what the body says. Raises `BadBody`."""
    try:
        said = json.loads(request.body)
    except ValueError:
        raise BadBody({"body": "It is no JSON."}) from None
    if not isinstance(said, dict):
        raise BadBody({"body": "It has to be an object."})
    filled = form(said)
    if not filled.is_valid():
        raise BadBody(filled.errors.get_json_data())
    fitting: dict[str, Any] = filled.cleaned_data
    return fitting
