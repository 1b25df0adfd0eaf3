"""Why people could not settle samples: the causes that reviewers named, as shares."""

from typing import Any

from annotation.models import Decision
from annotation.review.estimates import count_text, share_text
from annotation.statistics.reading import Statistics


def causes(statistics: Statistics) -> list[dict[str, Any]]:
    """The most frequent first; empty before a reviewer named one."""
    named = statistics.causes()
    whole = sum(named.values())
    titles = dict(Decision.Cause.choices)
    return [
        {
            "name": cause,
            "title": titles.get(cause, cause),
            "count_text": count_text(count),
            "share": round(count / whole, 4),
            "share_text": share_text(count, whole),
        }
        for cause, count in sorted(named.items(), key=lambda row: -row[1])
        if count
    ]
