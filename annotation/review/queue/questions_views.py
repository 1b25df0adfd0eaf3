"""A question of an annotator and its reply: translate in, one service call, translate out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.review.queue import questions as pages
from annotation.services import questions
from annotation.services.people import ReasonMissing
from annotation.services.questions import NotAReviewer, QuestionRefused
from annotation.web import forms
from annotation.web.access import STAFF, project_for

LONGEST = 5_000


@login_required
def question(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One question with its sample, and the reply to it."""
    project = project_for(request, slug, STAFF)
    asked = get_object_or_404(questions.of_project(project), pk=pk)
    if request.method != "POST":
        return render(request, "review/question.html", pages.page(project, asked))
    reply = forms.text(request, "reply", longest=LONGEST)
    try:
        questions.reply(question=asked, by=request.user, text=reply, at=timezone.now())  # type: ignore[arg-type]
    except (NotAReviewer, QuestionRefused, ReasonMissing) as refusal:
        again = get_object_or_404(questions.of_project(project), pk=pk)
        context = pages.page(project, again, posted=reply) | {"errors": [str(refusal)]}
        return render(request, "review/question.html", context, status=422)
    messages.success(request, _("%(name)s reads your reply on their page.") % {"name": asked.assignment.annotator})
    return redirect("annotation:queue", slug)
