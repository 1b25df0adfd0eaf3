"""What cannot be read or stored is refused at the door, in the caller's language, and never with a trace."""

import pytest
from story import OVERALL, join, make_project, make_sample

from annotation.models import Annotation, Assignment

pytestmark = pytest.mark.django_db
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture
def browser(client):
    """Somebody logged in, with a sample in hand."""
    project = make_project(attributes=[OVERALL])
    make_sample(project)
    client.force_login(join(project, "ana").user)
    client.get("/projects/recipes/annotate/")
    return client


def submission(what="/assignments/{}/submit/"):
    return what.format(Assignment.objects.get().pk)


def is_sentence(response, status):
    assert response.status_code == status
    assert "Traceback" not in response.content.decode()
    if response["Content-Type"] == "application/problem+json":
        assert response.json()["detail"]
    return True


def test_an_address_with_nul(browser):
    assert is_sentence(browser.get("/api/v1/projects/recipes/samples/a%00b/"), 400)
    assert is_sentence(browser.get("/projects/a%00b/"), 400)


@pytest.mark.parametrize(
    "body", [DEEP, '{"ratings": [], "client_key": "k", "remarks": {"a": [1e999]}}', '{"a": "\\ud800"}']
)
def test_json_that_cannot_be_stored(browser, body):
    where = submission("/api/v1/assignments/{}/submission/")
    assert is_sentence(browser.post(where, body, content_type="application/json"), 400)


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "unicode_escape", "undefined", "no-such"])
def test_another_encoding_than_utf_8(browser, charset):
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    assert is_sentence(browser.generic("POST", submission(), b"rating-0=4&comment=a", content_type=kind), 415)
    assert not Annotation.objects.exists()


def test_half_a_character_in_a_comment_is_dropped_and_the_answer_kept(browser):
    body = b"rating-0=4&client_key=k&comment=good%ED%A0%80"
    browser.post(submission(), body, content_type="application/x-www-form-urlencoded")
    assert Annotation.objects.get().comment.startswith("good")


@pytest.mark.parametrize("where", ["/assignments/{}/submit/", "/api/v1/assignments/{}/submission/"])
def test_a_request_that_is_too_large(browser, where):
    body = b'{"comment": "' + b"x" * (11 * 2**20) + b'"}'
    assert is_sentence(browser.post(submission(where), body, content_type="application/json"), 413)


def test_more_fields_than_anybody_fills_in(browser):
    body = "&".join(f"field{number}=1" for number in range(1100))
    assert is_sentence(browser.post(submission(), body, content_type="application/x-www-form-urlencoded"), 400)
