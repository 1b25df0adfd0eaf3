"""What the pages about a project's judges show, from the kept figures, as plain dictionaries."""

import json
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import Judge, Project, ProjectFigures, Sample
from annotation.ratings import Place
from annotation.review.judges.kept import KeptFigures
from annotation.services import judging
from annotation.web.asking import beginning
from annotation.web.questions import favoured_letter

Row = dict[str, Any]


def list_page(project: Project) -> Row:
    """Every enabled judge with what it is worth, and the panel that they make together."""
    kept = ProjectFigures.objects.filter(project=project).first()
    judges = list(judging.enabled_judges(project))
    figures = KeptFigures(project, kept.figures if kept else {})
    return {
        "project": project,
        "as_of": kept.computed_at if kept else None,
        "judges": [_summary(figures, judge) for judge in judges],
        "panels": figures.panels(judges) if judges else [],
        "weights": figures.weights_over_time() if judges else [],
        "on_slice": figures.on_slice,
        "sample_count": figures.sample_count,
    }


def judge_page(project: Project, judge: Judge) -> Row:
    """One judge: what it is, how it stands beside people, what it leans to."""
    kept = ProjectFigures.objects.filter(project=project).first()
    figures = KeptFigures(project, kept.figures if kept else {})
    return {
        "project": project,
        "as_of": kept.computed_at if kept else None,
        "judge": {**_about(project, judge), "licence": _("unknown") if judge.licence == "unknown" else judge.licence, "configuration": _told(judge.configuration)},
        "total": figures.total(judge),
        "cost_text": figures.cost_text(judge),
        "attributes": [
            {
                "title": title,
                "verdict": figures.verdict(judge, name),
                "measures": [*figures.beside_people(judge, name), *figures.leanings(judge, name)],
                "slope": figures.slope_text(judge, name),
                "calibration": figures.calibration(judge, name),
                "farthest": _to_read(project, figures.farthest(judge, name), name),
            }
            for name, title in figures.titles.items()
            if figures.of(judge, name)
        ],
        "lets_relatives_vote": project.lets_relatives_vote,
        "on_slice": figures.on_slice,
        "sample_count": figures.sample_count,
    }  # fmt: skip


def _about(project: Project, judge: Judge) -> Row:
    url = reverse("annotation:judge", args=[project.slug, judge.pk])
    return {"name": judge.name, "kind": judge.kind, "family": judge.family, "url": url}


def _told(configuration: Row) -> list[tuple[str, str]]:
    """What the judge was made from, as names and texts."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(configuration.items())
    ]


def _to_read(project: Project, farthest: Sequence[Row], attribute: str) -> list[Row]:
    """The samples on which it is farthest from people, with what either says in the rubric's words.

    Asked by their ids alone. Who reads one does so with the judges in sight, and the review page is told so.
    """
    samples = (
        Sample.objects.filter(project=project).select_related("content").in_bulk([of["sample"] for of in farthest])
    )
    place = next((Place(a, None) for a in project.rubric.attributes if a["name"] == attribute), None)
    return [
        {
            "name": sample.external_id,
            "url": reverse("annotation:review-judges", args=[project.slug, sample.pk]),
            "beginning": beginning(sample.content),
            "response": "" if of["response"] is None or sample.response_count < 2 else ascii_uppercase[of["response"]],
            "judge": _as_said(place, of["judge"]),
            "people": [_as_said(place, value) for value in sorted(of["people"])],
        }
        for of in farthest
        if place and (sample := samples.get(of["sample"]))
    ]


def _as_said(place: Place, value: int) -> str:
    """A level in the rubric's words; of a comparison with the response that it favours."""
    favoured = favoured_letter(place, value)
    return f"{favoured}: {place.word_for(value)}" if favoured else place.word_for(value)


def _summary(figures: KeptFigures, judge: Judge) -> Row:
    total = figures.total(judge)
    return {
        **_about(figures.project, judge),
        "total": total,
        "cost_text": figures.cost_text(judge),
        "is_silent": total is not None and not total["judgments"],
        "rows": figures.rows(judge),
    }
