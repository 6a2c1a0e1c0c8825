"""Alerts, subjects and covering e-mails: they say nothing of the case, whatever it holds."""

import pytest

from notifier.render import Renderer
from tests.notifier.letters.codes import ALERTS, EMAILS, NOTICES, PDFS
from tests.notifier.letters.samples import USUAL, least, most, usual

EVERY_CASE = (usual, least, most)


@pytest.mark.parametrize("code", ALERTS)
@pytest.mark.parametrize("kind", EVERY_CASE)
def test_an_alert_says_the_reference_what_it_is_about_and_by_when_and_nothing_else(
    renderer: Renderer, code: str, kind: object
) -> None:
    assert callable(kind)
    facts = kind(code)
    rendered = renderer.render(renderer.table.rule(code), facts)
    head, tail = rendered.text.split("\n\n", 1)
    lines = ["Case: CW-7K4M-2QXD", f"About: {facts['about'].capitalize()}"]
    assert head.split("\n")[:2] == lines
    assert len(head.split("\n")) == (3 if "act_by" in facts else 2)
    assert "Sign in to the case system to see what you may see" in tail
    for private in (facts["contact"]["name"], facts["recipient"]["name"]):
        assert private == facts["school"]["name"] or private not in rendered.text


@pytest.mark.parametrize("code", [code for code in USUAL if code not in NOTICES])
def test_a_subject_tells_the_school_or_the_reference_and_no_more(
    renderer: Renderer, code: str
) -> None:
    subject = renderer.render(renderer.table.rule(code), usual(code)).subject or ""
    assert "CW-7K4M-2QXD" in subject
    for told in ("report", "post", "removed", "police", "child", "threat", "teacher"):
        assert told not in subject.lower().replace("example primary school", "")


@pytest.mark.parametrize("code", PDFS)
def test_the_email_that_carries_a_letter_says_nothing_of_the_case(
    renderer: Renderer, code: str
) -> None:
    rendered = renderer.render(renderer.table.rule(code), usual(code))
    assert rendered.media_type == "application/pdf"
    assert rendered.text.startswith(f"Dear {usual(code)['recipient']['name']},\n\nA letter to you")
    for told in ("Facebook", "Twitter", "post", "threat", "disclaimer", "Deputy", "https"):
        assert told not in rendered.text


@pytest.mark.parametrize("code", [*PDFS, *EMAILS])
def test_an_email_can_be_written_again_from_what_was_kept(renderer: Renderer, code: str) -> None:
    rule = renderer.table.rule(code)
    facts = usual(code)
    rendered = renderer.render(rule, facts)
    email = renderer.render_email(
        rule,
        name=facts["recipient"]["name"],
        reference=facts["reference"],
        school_name=facts["school"]["name"],
        school_email=facts["school"]["email"],
        document=rendered.content,
    )
    assert (email.subject, email.text) == (rendered.subject, rendered.text)


def test_a_subject_never_has_a_line_of_its_own(renderer: Renderer) -> None:
    email = renderer.render_email(
        renderer.table.rule("L2"),
        name="The Parent\r\nBcc: somebody@example.org",
        reference="CW-7K4M-2QXD\r\nBcc: somebody@example.org",
        school_name="Example\nPrimary\u2028School",
        school_email="office@example.org",
        document=b"%PDF",
    )
    assert email.subject == (
        "A letter from Example Primary School (CW-7K4M-2QXD Bcc: somebody@example.org)"
    )
    assert "\r" not in email.text
    assert "Dear The Parent Bcc: somebody@example.org,\n" in email.text
