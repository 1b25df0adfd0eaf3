"""Second looks: translate in, one service call, translate out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Project, SecondLook
from annotation.review.second_looks import page as pages
from annotation.services import second_look_drawing, second_looks
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.second_look_drawing import DrawRefused
from annotation.services.second_looks import LookRefused
from annotation.web import forms
from annotation.web.access import STAFF, account, is_admin, project_for

LONGEST = 5_000


@login_required
@require_GET
def next_look(request: HttpRequest, slug: str) -> HttpResponse:
    """The next annotation to look at."""
    project = project_for(request, slug, STAFF)
    last = _mine(request, project, request.GET.get("last", ""))
    return render(request, "review/second_look.html", pages.next_page(project, account(request), last=last))


@login_required
def one(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One annotation: looked at once more, or decided; then on to the next."""
    project = project_for(request, slug, STAFF)
    look = _look(request, project, pk)
    if request.method != "POST":
        return render(request, "review/second_look.html", pages.one_page(project, look))
    word = forms.text(request, "word", longest=LONGEST)
    try:
        _take(request, look, word)
    except (LookRefused, ReasonMissing) as refusal:
        context = pages.one_page(project, look, posted=word, error=str(refusal))
        return render(request, "review/second_look.html", context, status=422)
    return redirect(f"{reverse('annotation:second-look', args=[slug])}?last={pk}")


@login_required
@require_GET
def found(request: HttpRequest, slug: str) -> HttpResponse:
    """What second looks have shown, and how many are drawn."""
    project = project_for(request, slug, STAFF)
    context = pages.found_page(project, is_admin=is_admin(request, project))
    return render(request, "review/second_looks_found.html", context)


@login_required
@require_POST
def set_draw(request: HttpRequest, slug: str) -> HttpResponse:
    """How many are drawn from now on."""
    project = project_for(request, slug, STAFF)
    try:
        share, first = float(request.POST.get("share", "")) / 100, int(request.POST.get("first", ""))
        second_look_drawing.set_draw(project=project, share=share, first=first, by=account(request), at=timezone.now())
    except (DrawRefused, NotAnAdmin) as refusal:
        return _refused(request, project, str(refusal))
    except ValueError:
        return _refused(request, project, _("Give a share in per cent and a whole number."))
    messages.success(request, _("From now on so many are drawn."))
    return redirect("annotation:second-look-found", slug)


def _refused(request: HttpRequest, project: Project, error: str) -> HttpResponse:
    context = pages.found_page(project, is_admin=is_admin(request, project), errors=[error])
    return render(request, "review/second_looks_found.html", context, status=422)


def _take(request: HttpRequest, look: SecondLook, word: str) -> None:
    by, at = account(request), timezone.now()
    match request.POST.get("action"):
        case "accept":
            second_looks.accept(look=look, by=by, at=at)
        case "return":
            second_looks.send_back(look=look, by=by, word=word, at=at)
        case other:
            raise LookRefused(_("%(action)r is not a decision; accept it or return it.") % {"action": other})


def _look(request: HttpRequest, project: Project, pk: int) -> SecondLook:
    """One that waits, or that this account decided itself; others' and one's own annotations are not there."""
    related = ("project", "annotator", "annotation__rubric", "annotation__assignment__sample__content")
    look = SecondLook.objects.filter(project=project, pk=pk).select_related(*related).first()
    if look is None or look.annotator.user_id == account(request).pk:
        raise Http404(f"No second look {pk} for you.")
    if request.method != "POST" and look.state != SecondLook.State.WAITING and look.reviewer_id != account(request).pk:
        raise Http404(f"Somebody else has taken the second look {pk}.")
    return look


def _mine(request: HttpRequest, project: Project, pk: str) -> SecondLook | None:
    if not (pk.isascii() and pk.isdigit() and len(pk) < 18):
        return None
    mine = SecondLook.objects.filter(project=project, pk=int(pk), reviewer=account(request))
    return mine.exclude(state=SecondLook.State.WAITING).first()
