"""Samples through the page: a file is tried out and shown, then taken whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from annotation.datasets.bad_row import BadRow
from annotation.models import Project
from annotation.services import sample_files
from annotation.services.sample_files import Outlook
from annotation.setting_up.access import administered
from annotation.web import reading
from annotation.web.access import account

MOST_MEGABYTES = 200
KEPT_SECONDS = 3600
SALT = "concord.import"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_samples(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a file; show what it would bring; take it."""
    project = administered(request, slug)
    if request.method != "POST":
        return _page(request, project)
    if "kept" in request.POST:
        return _take(request, project)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _page(request, project, error=_("Choose a file first."))
    if (file.size or 0) > MOST_MEGABYTES * 2**20:
        said = _("The file has more than %d MB. Import it with `manage.py import_pilot`, or in parts.")
        return _page(request, project, error=said % MOST_MEGABYTES)
    return _try_out(request, project, file)


def _try_out(request: HttpRequest, project: Project, file: UploadedFile) -> HttpResponse:
    name = get_valid_filename(file.name or "samples.jsonl")[-100:]
    with _on_disk(file, name) as path:
        outlook = sample_files.try_out(project=project, path=path)
        kept = default_storage.save(f"imports/{project.pk}/{name}", _opened(path)) if outlook.is_good else ""
    first = outlook.first
    shown: dict[str, Any] = {
        "file_name": name,
        "outlook": outlook,
        "kept": signing.dumps({"project": project.pk, "file": kept, "name": name}, salt=SALT) if kept else "",
        "conversation": [reading.turn(message) for message in first.messages] if first else [],
        "responses": [reading.turns(response) for response in first.responses] if first else [],
        "first_id": first.sample_id if first else "",
    }
    return _page(request, project, **shown)


def _opened(path: Path) -> File:
    return File(path.open("rb"))


def _take(request: HttpRequest, project: Project) -> HttpResponse:
    try:
        kept = signing.loads(request.POST["kept"], salt=SALT, max_age=KEPT_SECONDS)
        if kept["project"] != project.pk:
            raise signing.BadSignature("of another project")
        with default_storage.open(kept["file"]) as file, _on_disk(file, kept["name"]) as path:
            added = sample_files.take(project=project, path=path, by=account(request), at=timezone.now())
    except (signing.BadSignature, FileNotFoundError):
        return _page(request, project, error=_("That file is not kept any more. Choose it again."))
    except BadRow as bad:
        return _page(request, project, error=str(bad))
    default_storage.delete(kept["file"])
    said = ngettext("%d sample is here.", "%d samples are here.", added) % added
    messages.success(request, said)
    return redirect("annotation:setup", project.slug)


@contextmanager
def _on_disk(file: Any, name: str) -> Iterator[Path]:
    """The file as one of this machine, wherever the storage keeps it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        yield path


def _page(request: HttpRequest, project: Project, *, error: str = "", **shown: Any) -> HttpResponse:
    outlook: Outlook | None = shown.get("outlook")
    is_refused = bool(error) or (outlook is not None and not outlook.is_good)
    context = {"project": project, "error": error, "most_megabytes": MOST_MEGABYTES, **shown}
    return render(request, "setting_up/import.html", context, status=422 if is_refused else 200)
