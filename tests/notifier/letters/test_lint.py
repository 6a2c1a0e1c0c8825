"""What a template may say, and how it is told what it may not."""

import shutil
from pathlib import Path

import pytest

from notifier.facts import FILTERS
from notifier.lint import MAX_SOURCE, lint
from notifier.lint.fields import FILTERED
from notifier.render import Renderer
from notifier.rules import BadLetters
from notifier.shape import read_shape

SHAPE = read_shape(
    {
        "$ref": "#/$defs/Letter",
        "$defs": {
            "Letter": {
                "type": "object",
                "properties": {
                    "pupil": {"$ref": "#/$defs/Pupil"},
                    "guardian": {"anyOf": [{"$ref": "#/$defs/Pupil"}, {"type": "null"}]},
                    "seen_on": {"type": "string", "format": "date"},
                    "seen_at": {"type": "string", "format": "date-time"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "count": {"type": "integer"},
                    "urgent": {"type": "boolean"},
                    "agency": {"enum": ["lado", "police"]},
                    "ref": {"type": "string", "format": "uuid"},
                    "clauses": {"type": "array", "items": {"$ref": "#/$defs/Clause"}},
                    "words": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["pupil", "seen_on", "seen_at", "count", "urgent", "agency", "ref"],
            },
            "Pupil": {
                "type": "object",
                "properties": {
                    "first_name": {"type": "string"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "nickname": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
                "required": ["first_name"],
            },
            "Clause": {
                "type": "object",
                "properties": {
                    "ref": {"type": "string"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "words": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["ref"],
            },
        },
    }
)


def problems(source: str) -> list[str]:
    return [problem.message for problem in lint(source, "L0.j2", SHAPE)]


@pytest.mark.parametrize(
    "source",
    [
        "Dear {{ pupil.first_name }}, seen {{ seen_on }}, {{ seen_at | weekday }}, {{ count }}.",
        "{% if note %}{{ note }}{% endif %}",
        "{% if pupil.nickname %}{{ pupil.nickname | capital }}{% else %}no{% endif %}",
        "{% if not note %}none{% else %}{{ note }}{% endif %}",
        "{% if guardian and guardian.nickname %}{{ guardian.nickname }}{% endif %}",
        "{% if not guardian or not guardian.note %}{% else %}{{ guardian.note }}{% endif %}",
        "{% if not note %}{% elif urgent %}{{ note }}{% else %}{{ note }}{% endif %}",
        "{% if note == 'x' %}{{ note }}{% endif %}{% if count > 3 %}many{% endif %}",
        "{% if agency == 'police' %}p{% elif agency != 'lado' %}l{% endif %}",
        "{% for clause in clauses %}{{ loop.index }} {{ clause.ref }}{% else %}none{% endfor %}",
        "{% for c in clauses %}{% if c.note %}{{ c.note }}{% endif %}{% endfor %}",
        "{% for c in clauses %}{% for word in c.words %}{{ word }}{% endfor %}{% endfor %}",
        "{% for c in clauses %}{{ c.words | listed }}{% if loop.last %}.{% endif %}{% endfor %}",
        "{# a remark #}{% if clauses %}some{% endif %}{{ words | listed | capital }}",
    ],
)
def test_a_template_that_prints_what_is_there_passes(source: str) -> None:
    assert problems(source) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "{{ pupil.frist_name }}",
            "unknown field 'pupil.frist_name'; did you mean 'pupil.first_name'?",
        ),
        ("{{ pupl.first_name }}", "unknown field 'pupl'; did you mean 'pupil'?"),
        ("{{ nothing_like_it }}", "unknown field 'nothing_like_it'"),
        ("{{ self }}", "unknown field 'self'"),
        ("{{ clause.ref }}", "unknown field 'clause'; did you mean 'clauses'?"),
        ("{{ pupil.__class__ }}", "unknown field 'pupil.__class__'"),
        ("{{ loop.index }}", "unknown field 'loop'"),
        (
            "{% for c in clauses %}{{ loop.indx }}{% endfor %}",
            "unknown field 'loop.indx'; did you mean 'loop.index'?",
        ),
        ("{{ note }}", "'note' may be absent: put it inside {% if note %} … {% endif %}"),
        ("{{ note | capital }}", "'note' may be absent"),
        ("{% if urgent %}{{ note }}{% endif %}", "'note' may be absent"),
        ("{% if note or urgent %}{{ note }}{% endif %}", "'note' may be absent"),
        ("{% if note %}{% else %}{{ note }}{% endif %}", "'note' may be absent"),
        ("{% if note %}{{ note }}{% endif %}{{ note }}", "'note' may be absent"),
        ("{% if note != 'x' %}{{ note }}{% endif %}", "'note' may be absent"),
        ("{% if guardian.nickname %}x{% endif %}", "'guardian' may be absent"),
        (
            "{% for c in clauses %}{% if c.note %}{{ c.ref }}{% endif %}{{ c.note }}{% endfor %}",
            "'c.note' may be absent",
        ),
        ("{{ pupil }}", "'pupil' is a group of fields: print one of its fields (first_name"),
        ("{{ clauses }}", "'clauses' is a list: print its entries with a for"),
        ("{{ urgent }}", "'urgent' is yes or no: ask for it with an if"),
        ("{{ ref }}", "'ref' is an internal id: it means nothing to a reader"),
        ("{% for x in pupil %}{{ x }}{% endfor %}", "'pupil' is a group of fields; a loop needs"),
        ("{% for x in note %}x{% endfor %}", "'note' may be absent"),
        ("{% for x in seen_on %}x{% endfor %}", "'seen_on' is a date; a loop needs a list"),
        ("{% for count in words %}x{% endfor %}", "'count' means something already; rename it"),
        (
            "{% for c in clauses %}{% for c in words %}{% endfor %}{% endfor %}",
            "'c' means something already; rename it",
        ),
        ("{% for loop in words %}x{% endfor %}", "'loop' means something already"),
        ("{% for a, b in clauses %}x{% endfor %}", "a loop has one variable"),
        ("{% for x in words if x %}x{% endfor %}", "a loop runs over a whole list"),
        ("{% for x in words recursive %}x{% endfor %}", "a loop runs over a whole list"),
        ("{% for x in words | listed %}x{% endfor %}", "a loop runs over a whole list"),
        ("{% for x in 'abc' %}x{% endfor %}", "a loop runs over a whole list"),
        ("{{ count | upper }}", "unknown filter 'upper'; there are weekday, capital, listed"),
        ("{{ pupil.first_name | capitl }}", "unknown filter 'capitl'; did you mean 'capital'?"),
        ("{{ count | weekday }}", "the filter 'weekday' is for a date"),
        ("{{ clauses | listed }}", "the filter 'listed' is for a list of texts"),
        ("{{ words | listed(', ') }}", "the filter 'listed' takes nothing in brackets"),
        ("{{ pupil.first_name() }}", "a call with brackets is not for letters"),
        ("{{ pupil['first_name'] }}", "a field in square brackets is not for letters"),
        ("{{ words[0] }}", "a field in square brackets is not for letters"),
        ("{{ 'words' }}", "a fixed value is not for letters"),
        ("{{ 1 + 1 }}", "reckoning is not for letters"),
        ("{{ -count }}", "reckoning is not for letters"),
        ("{{ pupil.first_name ~ note }}", "joining with '~' is not for letters"),
        ("{{ note if note else 'x' }}", "an 'if' inside {{ }} is not for letters"),
        ("{% if note is defined %}x{% endif %}", "'is' is not for letters"),
        ("{% if true %}x{% endif %}", "a fixed value is not for letters"),
        ("{% if count == '3' %}x{% endif %}", "'count' is a number: not to be compared so"),
        ("{% if note < 'x' %}x{% endif %}", "'note' may be absent"),
        ("{% if agency < 'x' %}x{% endif %}", "'agency' is text: not to be compared so"),
        ("{% if agency == 'polce' %}x{% endif %}", "'agency' is never 'polce'; did you mean 'pol"),
        ("{% if agency == note %}x{% endif %}", "compare a field with fixed words"),
        ("{% if 1 < count < 3 %}x{% endif %}", "this is not for letters"),
        ("{% if note == none %}x{% endif %}", "'note' is text: not to be compared so"),
        ("{% set x = 1 %}", "'set' is not for letters"),
        ("{% macro m() %}{% endmacro %}", "'macro' is not for letters"),
        ("{% include 'cover.j2' %}", "another template is not for letters"),
        ("{% extends 'cover.j2' %}", "another template is not for letters"),
        ("{% import 'cover.j2' as c %}", "another template is not for letters"),
        ("{% block b %}{% endblock %}", "this is not for letters"),
        ("{% filter upper %}x{% endfilter %}", "'filter' round a passage is not for letters"),
        ("{% with x = 1 %}{% endwith %}", "this is not for letters"),
        ("{% do x %}", "cannot be read: Encountered unknown tag 'do'"),
        ("{{ pupil.first_name", "cannot be read: unexpected end of template"),
        ("{% if note %}", "cannot be read: Unexpected end of template"),
        ("a **bold word", "has '**' that is not closed on the same line"),
        ("a\u202eb", "has a character that cannot be seen (U+202E); delete it"),
        ("a\ue000" + "0\ue001", "has a character that cannot be seen (U+E000); delete it"),
        ("a\x00b", "has a character that cannot be seen (U+0000); delete it"),
    ],
)
def test_a_template_that_would_fail_or_say_too_much_is_told_what_to_do(
    source: str, said: str
) -> None:
    assert any(said in problem for problem in problems(source)), problems(source)


def test_a_problem_names_the_file_and_the_line() -> None:
    (problem,) = lint("one\ntwo {{ pupil.frist_name }}\n", "L0.j2", SHAPE)
    assert str(problem) == (
        "L0.j2, line 2: unknown field 'pupil.frist_name'; did you mean 'pupil.first_name'?"
    )


def test_only_the_fields_that_may_be_used_can_be_used() -> None:
    (problem,) = lint("{{ count }}{{ agency }}", "a.j2", SHAPE, may_use={"count"})
    assert problem.message == "'agency' may not stand here; what may is count"
    loops = "{% for c in clauses %}{{ loop.index }}{{ c.ref }}{% endfor %}"
    assert not lint(loops, "a.j2", SHAPE, may_use={"clauses", "clauses[].ref"})
    assert lint(loops, "a.j2", SHAPE, may_use={"clauses"})


def test_words_that_the_font_cannot_draw_are_refused() -> None:
    (problem,) = lint("seen → gone", "a.j2", SHAPE, drawn=set(map(ord, "seen go")))
    assert problem.message == "the letter font cannot print '→' (U+2192); reword it"


@pytest.mark.parametrize(
    "bomb",
    [
        "{{ 'a' * 10000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for a in words %}{% for b in words %}{% for c in words %}x" + "{% endfor %}" * 3,
        "{% set x = 'a' %}" * 40,
        "{{ " + "(" * 4000 + "count" + ")" * 4000 + " }}",
        "{% if " + "not " * 4000 + "note %}x{% endif %}",
        "{% if " + "note and " * 2000 + "note %}x{% endif %}",
        "{{ note" + ".a" * 9000 + " }}",
        "{{ pupil.first_name" + " | capital" * 1500 + " }}",
        "{% if urgent %}" * 500 + "{% endif %}" * 500,
        "{% if urgent %}{% elif urgent %}" + "{% elif urgent %}" * 900 + "{% endif %}",
        "{{ " + "9" * 5000 + " }}",
        "{{ count }}" * 1800,
        "{{ [[[" * 200 + "]]]" * 200 + " }}",
        "x" * (MAX_SOURCE + 1),
        "{{ '%s' % words }}",
        "{{ words.__init__.__globals__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ lipsum(n=100000) }}",
        "{{ cycler }}{{ joiner }}{{ namespace }}{{ range }}{{ dict }}",
    ],
    ids=lambda bomb: bomb[:30],
)
def test_a_bomb_is_refused_without_going_off(bomb: str) -> None:
    assert lint(bomb, "bomb.j2", SHAPE)


def test_the_check_and_the_rendering_know_the_same_filters() -> None:
    assert FILTERS.keys() == FILTERED.keys()


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        (
            "L2-removal-and-meeting.j2",
            "{{ post.platfrom }}",
            "line 1: unknown field 'post.platfrom'; did you mean 'post.platform'?",
        ),
        ("alert.j2", "{{ contact.name }}", "'contact.name' may not stand here"),
        ("alert.j2", "{{ recipient.name }}", "'recipient.name' may not stand here"),
        ("L13-audience-notice.j2", "{{ contact.name }}", "'contact.name' may not stand here"),
        ("L1-report-received.j2", "{{ facts }}", "unknown field 'facts'"),
        ("L31-report-closed.j2", "{{ outcome }}", "unknown field 'outcome'"),
        ("cover.j2", "{{ contact.name }}", "unknown field 'contact'"),
        ("L19-police-referral.j2", "☃ {{ facts }} مرحبا", "the letter font cannot print"),
    ],
)
def test_the_letters_do_not_start_with_a_template_that_is_wrong(
    tmp_path: Path, letters: Path, schemas: Path, file: str, words: str, said: str
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    (own / file).write_text(words, encoding="utf-8")
    with pytest.raises(BadLetters) as refused:
        Renderer(own, schemas)
    assert any(said in problem for problem in refused.value.problems)


def test_a_subject_can_say_nothing_of_the_case(
    tmp_path: Path, letters: Path, schemas: Path
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    table = own / "letters.toml"
    text = table.read_text(encoding="utf-8").replace("({{ reference }})", "({{ name }})", 1)
    table.write_text(text, encoding="utf-8")
    with pytest.raises(BadLetters, match="row L1, subject, line 1: 'name' may not stand here"):
        Renderer(own, schemas)


def test_a_template_saved_by_another_editor_is_read_or_named(
    tmp_path: Path, letters: Path, schemas: Path
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters")
    template = own / "alert.j2"
    words = template.read_text(encoding="utf-8")
    template.write_text(words.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert Renderer(own, schemas).table.rules
    template.write_text("Zoë {{ reference }}", encoding="latin-1")
    with pytest.raises(BadLetters, match=r"alert\.j2, line 1: is not UTF-8 text; save it as UTF-8"):
        Renderer(own, schemas)


def test_a_folder_without_fonts_does_not_start(
    tmp_path: Path, letters: Path, schemas: Path
) -> None:
    own = shutil.copytree(letters, tmp_path / "letters", ignore=shutil.ignore_patterns("*.ttf"))
    with pytest.raises(BadLetters, match="there are no fonts"):
        Renderer(own, schemas)


def test_a_missing_schema_is_named(tmp_path: Path, letters: Path) -> None:
    with pytest.raises(BadLetters, match=r"A1\.v1\.json: there is no such schema"):
        Renderer(letters, tmp_path)
