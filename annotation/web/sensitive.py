"""Whether somebody is given sensitive samples: their own choice, on the record of their work."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.datasets.samples import SENSITIVE
from annotation.models import Annotator
from annotation.services import sensitive
from annotation.web.access import annotator_for


def section(annotator: Annotator) -> dict[str, Any]:
    """What components/_record_sensitive.html shows; nothing where the project has no such samples."""
    return {
        "is_asked_for": sensitive.is_asked_for(annotator),
        "has_chosen": sensitive.has_chosen(annotator),
        "url": reverse("annotation:choose-sensitive", args=[annotator.project.slug]),
    }


def other_skills(annotator: Annotator) -> list[str]:
    """What this person can do; the choice about sensitive samples stands in a section of its own."""
    return [skill for skill in annotator.skills if skill != SENSITIVE]


@login_required
@require_POST
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Be given sensitive samples from now on, or none any more."""
    annotator = annotator_for(request, slug)
    if request.POST.get("wants") == "yes":
        sensitive.choose(annotator=annotator, at=timezone.now())
        messages.success(
            request, _("You are given sensitive samples too. Their texts are covered until you open them.")
        )
    else:
        sensitive.decline(annotator=annotator, at=timezone.now())
        messages.success(request, _("You are given no sensitive samples any more."))
    return redirect("annotation:record", slug)
