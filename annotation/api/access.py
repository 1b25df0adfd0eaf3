"""Who may do what through the interface: the account's role in the project, and the key's scope."""

from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request

from annotation.models import Annotator, ApiToken, Assignment, Membership, Project, User
from annotation.services import handing, people

Role = Membership.Role
Scope = ApiToken.Scope
STAFF = (Role.REVIEWER, Role.ADMIN)


def project_for(request: Request, slug: str, *roles: str, scope: str) -> Project:
    """The project, when this account has one of the roles in it. Somebody without any role finds nothing (404)."""
    require_scope(request, scope)
    project, held = people.part_in(slug=slug, user=account(request))
    if project is None or not held:
        raise NotFound(f"No project {slug!r} that you have a part in.")
    if roles and not held & set(roles):
        raise PermissionDenied(
            f"This needs the role {' or '.join(roles)} in {slug}; you are {', '.join(sorted(held))}."
        )
    return project


def account(request: Request) -> User:
    """Who asks; nobody gets here without being authenticated."""
    assert isinstance(request.user, User)  # noqa: S101  IsAuthenticated has run
    return request.user


def require_scope(request: Request, scope: str) -> None:
    """A key does only what it was made for; a session does whatever its account may."""
    if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
        raise PermissionDenied(f"This key has no scope {str(scope)!r}; it has: {', '.join(request.auth.scopes)}.")


def annotator_for(request: Request, project: Project, external_id: str | None) -> Annotator:
    """Oneself, or (with the scope to act for others, as a project admin) one of the people without an account."""
    if external_id is None:
        require_scope(request, Scope.WORK)
        return people.annotator_of(project=project, user=account(request))
    _require_acting(request, project)
    annotator = Annotator.objects.select_related("project").filter(project=project, external_id=external_id).first()
    if annotator is None:
        raise ValidationError(
            {"annotator": f"No annotator {external_id!r} in {project.slug}. Add them to the project first."}
        )
    if annotator.user_id is not None:
        raise PermissionDenied(f"{external_id} has an account and works for themselves.")
    return annotator


def assignment_for(request: Request, pk: int) -> Assignment:
    """An assignment of one's own, or of somebody one may act for. Anybody else's is not there (404)."""
    owner_for(request, pk)
    return Assignment.objects.select_related("annotator__project", "sample__content").get(pk=pk)


def owner_for(request: Request, pk: int) -> Annotator:
    """Whose assignment it is: oneself, or somebody one may act for. Anybody else's is not there (404)."""
    annotator = handing.owner_of(pk)
    if annotator is not None:
        if annotator.user_id == request.user.pk:
            require_scope(request, Scope.WORK)
            return annotator
        if annotator.user_id is None and _may_act(request, annotator.project):
            return annotator
    raise NotFound(f"No assignment {pk} of yours.")


def _require_acting(request: Request, project: Project) -> None:
    require_scope(request, Scope.ACT_FOR)
    if not _may_act(request, project):
        raise PermissionDenied(f"Only an admin of {project.slug} may act for people without an account.")


def _may_act(request: Request, project: Project) -> bool:
    has_scope = not isinstance(request.auth, ApiToken) or Scope.ACT_FOR in request.auth.scopes
    return has_scope and Role.ADMIN in people.roles_of(project=project, user=account(request))
