from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from forms import ANNOTATE
from story import OVERALL, join, make_project, make_sample, scale

from annotation.models import Annotator, Judge, Membership, Project, Sample, User


@pytest.fixture(autouse=True)
def files_of_the_test(settings: Any, tmp_path: Path) -> None:
    """Files land in the test's own folder; pages need no collected static files, and answers leave at once.

    Passwords are quick to check: only the test people have them.
    """
    settings.ANSWER_STEP_MS = 0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path / "files", tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def project(db: None) -> Project:
    """One response, rated 1 to 6 overall; three people, two more where they differ by more than 2."""
    return make_project()


@pytest.fixture
def sample(project: Project) -> Sample:
    return make_sample(project)


@pytest.fixture
def ana(project: Project) -> Annotator:
    return join(project, "ana")


@pytest.fixture
def ben(project: Project) -> Annotator:
    return join(project, "ben")


@pytest.fixture
def cleo(project: Project) -> Annotator:
    return join(project, "cleo")


@pytest.fixture
def dan(project: Project) -> Annotator:
    return join(project, "dan")


@pytest.fixture
def eve(project: Project) -> Annotator:
    return join(project, "eve")


@pytest.fixture
def rita(project: Project) -> User:
    """A reviewer."""
    return join(project, "rita", role=Membership.Role.REVIEWER)


@pytest.fixture
def ada(project: Project) -> User:
    """An admin of the project."""
    return join(project, "ada", role=Membership.Role.ADMIN)


@pytest.fixture
def judge(db: None) -> Judge:
    return Judge.objects.create(digest="d", kind=Judge.Kind.EXTERNAL, name="outside judge", configuration={})


@pytest.fixture
def two_questions(client: Client, db: None) -> Client:
    """A project with a rating and a style; the browser of its annotator."""
    project = make_project(attributes=[OVERALL, scale("style", 0, 1, 2)])
    make_sample(project)
    client.force_login(join(project, "ana").user)
    client.get(ANNOTATE)
    return client
