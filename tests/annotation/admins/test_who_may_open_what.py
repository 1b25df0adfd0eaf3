"""Every address of a project, asked by everybody who has no business there: a new address is not forgotten here."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from story import join, make_project, make_sample

from annotation.api.urls import urlpatterns as interface
from annotation.models import Membership
from annotation.urls import urlpatterns as pages

REVIEWER, ADMIN = Membership.Role.REVIEWER, Membership.Role.ADMIN
# What is an annotator's own is found by nobody else; to make or to join a project one needs no part in it.
ANNOTATORS = {
    *("annotate", "ahead", "submit", "correct", "skip", "renew", "release", "draft", "ask", "dispute", "begin-test"),
    *("own-work", "own-work-one", "record", "answer", "leave", "choose-sensitive", "own-data", "own-data-file"),
    *("guideline", "guideline-read"),
}
NO_PROJECTS = {"new-project", "join"}
REVIEWERS = {
    *("overview", "overview-now", "samples", "keep-filter", "act-on-samples", "sample-orders", "export-samples"),
    *("gold", "gold-find", "gold-sample", "gold-promote", "gold-served", "gold-dispute", "test-again", "trail"),
    *("attributes", "attribute", "judges", "judge", "people", "person", "queue", "decide-several", "question"),
    *("review", "review-judges", "decide", "reopen", "second-look", "second-look-found", "second-look-one"),
    *("set-second-looks", "routing", "what-if", "what-if-one", "cancel-what-if", "version", "version-file"),
}
ADMINS = {
    *(
        "setup",
        "rubric",
        "project-settings",
        "invitations",
        "withdraw-invitation",
        "import",
        "leases",
        "release-leases",
    ),
    *("apply-what-if", "switch-routing", "publish", "give-back", "reply", "change-person", "decide-person"),
    *("add-rule", "switch-rule"),
}
# Of the REST interface an annotator has these; the rest is for reviewers and admins.
OPEN_TO_ANNOTATORS = re.compile(
    r"projects/$|.*/(claims|statement|rubrics|record|gold/results)/$|.*/answer/$|assignments/"
)
ARGUMENTS = {
    "slug": "recipes",
    "name": "overall",
    "form": "csv",
    "path": "a.csv",
    "secret": "none",
    "external_id": "s1",
}
LOG_IN, FORBIDDEN, NOT_THERE, NO_SUCH_METHOD = 302, 403, 404, 405


@pytest.fixture
def as_account(db):
    """A browser of whoever is named."""
    project, other = make_project(), make_project("other")
    make_sample(project)
    accounts = {
        "annotator": join(project, "ana").user,
        "reviewer": join(project, "rita", role=REVIEWER),
        "admin of another project": join(other, "otto", role=ADMIN),
    }

    def browser(who):
        client = Client()
        client.force_login(accounts[who])
        return client

    return browser


def address_of(pattern):
    return reverse(f"annotation:{pattern.name}", kwargs=_arguments(pattern))


def address_in_the_interface(pattern):
    return "/api/v1/" + re.sub(r"<\w+:(\w+)>", lambda found: str(_arguments(pattern)[found[1]]), str(pattern.pattern))


def _arguments(pattern):
    return {name: ARGUMENTS.get(name, 987_654_321) for name in pattern.pattern.converters}


def answers(browser, address):
    """What reading and writing lead to, where there is such a thing."""
    said = {"data": {"text": "So."}, "content_type": "application/json"}
    replies = [browser.get(address), browser.post(address, **said)]
    if address.startswith("/api/"):
        replies.append(browser.patch(address, **said))
    return {reply.status_code for reply in replies} - {NO_SUCH_METHOD}


def test_every_page_has_its_place_in_the_table():
    table = [ANNOTATORS, NO_PROJECTS, REVIEWERS, ADMINS]
    assert {pattern.name for pattern in pages} == set.union(*table)
    assert len(pages) == sum(map(len, table))


def of_a_project(*without):
    return [pattern for pattern in pages if pattern.name not in NO_PROJECTS.union(*without)]


def test_without_an_account_one_is_asked_to_log_in(client, db):
    for pattern in of_a_project():
        assert answers(client, address_of(pattern)) == {LOG_IN}, pattern.name
    for pattern in interface:
        assert answers(client, address_in_the_interface(pattern)) == {401}, str(pattern.pattern)


def test_an_annotator_opens_nothing_that_is_for_reviewers(as_account):
    ana = as_account("annotator")
    for pattern in of_a_project(ANNOTATORS):
        assert answers(ana, address_of(pattern)) == {FORBIDDEN}, pattern.name
    for pattern in interface:
        if not OPEN_TO_ANNOTATORS.match(str(pattern.pattern)):
            assert answers(ana, address_in_the_interface(pattern)) == {FORBIDDEN}, str(pattern.pattern)


def test_a_reviewer_opens_nothing_that_is_for_admins(as_account):
    rita = as_account("reviewer")
    for pattern in of_a_project(ANNOTATORS, REVIEWERS):
        assert answers(rita, address_of(pattern)) == {FORBIDDEN}, pattern.name


def test_an_admin_of_another_project_finds_nothing_of_this_one(as_account):
    otto = as_account("admin of another project")
    for pattern in of_a_project():
        assert answers(otto, address_of(pattern)) == {NOT_THERE}, pattern.name
    for pattern in interface[1:]:  # the first is the list of one's own projects
        assert answers(otto, address_in_the_interface(pattern)) == {NOT_THERE}, str(pattern.pattern)
