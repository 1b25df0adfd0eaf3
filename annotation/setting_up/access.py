"""Who may open the pages of setting up: a project's admins; and whoever may make a project."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from annotation.models import Membership, Project
from annotation.web.access import may_make_projects, project_for

ADMINS: set[str] = {Membership.Role.ADMIN}


def administered(request: HttpRequest, slug: str) -> Project:
    """The project, for its admins; 404 for a stranger, 403 for anybody else."""
    return project_for(request, slug, ADMINS)


def require_maker(request: HttpRequest) -> None:
    if not may_make_projects(request):
        raise PermissionDenied(
            _("Projects are made by admins. Ask one to make it, or to make you an admin of one of theirs.")
        )
