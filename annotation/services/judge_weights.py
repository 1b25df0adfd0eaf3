"""What judges have weighed in the merged value, fit by fit."""

from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from annotation.models import MergeFit, Project

POINTS = 60  # of an attribute at most, evenly over its fits, the latest among them


def over_time(project: Project) -> list[dict[str, Any]]:
    """Rows of attribute, time, weight and its interval, the oldest first. A fit that never came into force is none."""
    place = Window(RowNumber(), partition_by="attribute", order_by="pk")
    fits = Window(Count("pk"), partition_by="attribute")
    in_force = MergeFit.objects.filter(project=project).exclude(basis="").annotate(place=place, fits=fits)
    begins_a_part = ~Q(part=(F("place") - 1) * POINTS / F("fits"))
    chosen = in_force.annotate(part=F("place") * POINTS / F("fits")).filter(Q(place=F("fits")) | begins_a_part)
    return [
        {
            "attribute": fit.attribute,
            "at": fit.created_at.isoformat(),
            "weight": fit.weight,
            "low": fit.details.get("low"),
            "high": fit.details.get("high"),
            "samples": fit.sample_count,
        }
        for fit in chosen.order_by("pk")
    ]
