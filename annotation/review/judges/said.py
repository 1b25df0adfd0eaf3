"""What judges say of one sample: asked for by a reviewer, and shown only when that has been written down."""

from typing import Any

from annotation import ratings
from annotation.models import Judgment, Sample
from annotation.review.said import words
from annotation.services import decisions_made


def of_sample(sample: Sample) -> list[dict[str, Any]]:
    return [_judge(judgment, sample) for judgment in decisions_made.judgments(sample)]


def how_many(sample: Sample) -> int:
    return decisions_made.judgments(sample).count()


def _judge(judgment: Judgment, sample: Sample) -> dict[str, Any]:
    places = ratings.layout(judgment.rubric.attributes, sample.response_count)
    said = [word for word in words(places, judgment.ratings, sample) if word["is_given"]]
    return {
        "name": judgment.judge.name,
        "values": said,
        "is_unsure": judgment.is_unsure,
        "without_vote": judgment.is_relative and not sample.project.lets_relatives_vote,
    }
