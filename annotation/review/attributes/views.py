"""The pages about attributes: translate in, one read, translate out."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.review import slicing
from annotation.review.attributes import page as pages
from annotation.review.attributes.page import NoSuchAttribute
from annotation.web.access import STAFF, project_for


@login_required
@require_GET
def attribute_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every attribute: how its levels are used, how reliable it is, how often people differ."""
    project = project_for(request, slug, STAFF)
    return render(request, "review/attributes.html", pages.list_page(project, _slice(request)))


@login_required
@require_GET
def attribute(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One attribute with everything that is known of it."""
    project = project_for(request, slug, STAFF)
    try:
        context = pages.page(project, name, _slice(request))
    except NoSuchAttribute as missing:
        raise Http404(str(missing)) from missing
    return render(request, "review/attribute.html", context)


def _slice(request: HttpRequest) -> str:
    return request.GET.get(slicing.PARAMETER, "")
