"""Who may open a project's pages."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from annotation.models import Annotator, Assignment, Membership, Project, User
from annotation.services import people

Role = Membership.Role
STAFF: set[str] = {Role.REVIEWER, Role.ADMIN}


def account(request: HttpRequest) -> User:
    """Who is logged in."""
    assert isinstance(request.user, User)  # noqa: S101  login_required has run
    return request.user


def project_for(request: HttpRequest, slug: str, roles: set[str]) -> Project:
    """The project, for an account with one of the roles; 404 for a stranger, 403 for another role."""
    assert isinstance(request.user, User)  # noqa: S101  login_required has run
    project, held = people.part_in(slug=slug, user=request.user)
    if project is None or not held:
        raise Http404(f"No project {slug!r} that you have a part in.")
    if not held & roles:
        raise PermissionDenied(f"This page is for {' and '.join(sorted(roles))}s of the project.")
    return project


def is_admin(request: HttpRequest, project: Project) -> bool:
    """Whether this account decides about the project; reviewers see its pages too."""
    assert isinstance(request.user, User)  # noqa: S101  login_required has run
    return Role.ADMIN in people.roles_of(project=project, user=request.user)


def may_make_projects(request: HttpRequest) -> bool:
    """Whoever looks after the installation, and whoever is an admin of a project already."""
    person = account(request)
    return person.is_staff or person.memberships.filter(role=Membership.Role.ADMIN).exists()


def annotator_for(request: HttpRequest, slug: str) -> Annotator:
    """The annotator whom this account is in the project."""
    project = project_for(request, slug, {Role.ANNOTATOR})
    assert isinstance(request.user, User)  # noqa: S101  login_required has run
    try:
        return people.annotator_of(project=project, user=request.user)
    except people.NotAMember as stranger:
        raise PermissionDenied(str(stranger)) from stranger


def assignment_for(request: HttpRequest, pk: int) -> Assignment:
    """One of one's own assignments; anybody else's is not there."""
    mine = Assignment.objects.filter(annotator__user=request.user.pk, pk=pk)
    found = mine.select_related("annotator__project", "sample__content", "sample__project").first()
    if found is None:
        raise Http404(f"No assignment {pk} of yours.")
    return found


def oneself_in(request: HttpRequest, slug: str) -> Annotator:
    """Whom this account is in the project, also when it has no role there any more: what is kept can still be read."""
    mine = Annotator.objects.select_related("project", "user", "figures").filter(user=request.user.pk)
    me = mine.filter(project__slug=slug).first()
    if me is None:
        raise Http404(f"You do not annotate in {slug!r}.")
    return me
