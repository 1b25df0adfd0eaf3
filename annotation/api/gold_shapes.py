"""Shapes of what comes in and goes out about gold. A known answer names responses as the import does; an annotator's own
results name them by place, as everything does that annotators see."""

from typing import Any

from rest_framework import serializers

from annotation import ratings
from annotation.api.serializers import RatingInput
from annotation.models import GoldAnswer, GoldDispute, Rubric
from annotation.services import showing
from annotation.services.disputes import GoldResult
from consensus.reliability import Estimate

LONGEST = 5000


class GoldInput(serializers.Serializer):
    sample = serializers.CharField(help_text="its own id")
    ratings = RatingInput(many=True, help_text="as many as are known; the others are not judged")
    note = serializers.CharField(allow_blank=True, default="", max_length=LONGEST, help_text="why; people read it")


class AccuracyOutput(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField(help_text="answers that it rests on")
    undefined = serializers.CharField(help_text="why there is no value")


class RatingOutput(serializers.Serializer):
    attribute = serializers.CharField()
    response = serializers.CharField(allow_null=True)
    value = serializers.IntegerField()


class GoldOutput(serializers.ModelSerializer):
    sample = serializers.CharField(source="sample.external_id")
    ratings = serializers.SerializerMethodField()
    accuracy = serializers.SerializerMethodField()

    class Meta:
        model = GoldAnswer
        fields = ("sample", "revision", "source", "ratings", "note", "is_served", "accuracy", "created_at")

    def get_ratings(self, answer: GoldAnswer) -> list[dict[str, Any]]:
        ids = [response["id"] for response in answer.sample.content.responses]
        return rows(answer.ratings, answer.rubric, ids)

    def get_accuracy(self, answer: GoldAnswer) -> dict[str, Any] | None:
        """How right people were on this sample; null when nobody has answered it."""
        found: Estimate | None = self.context.get("accuracies", {}).get(answer.sample_id)
        return dict(AccuracyOutput(found).data) if found else None


class PromotionOutput(serializers.Serializer):
    promoted = serializers.IntegerField()


class DisputeInput(serializers.Serializer):
    text = serializers.CharField(max_length=LONGEST)


class DisputeOutput(serializers.ModelSerializer):
    id = serializers.IntegerField(source="pk")
    sample = serializers.CharField(source="assignment.sample.external_id")
    annotator = serializers.CharField(source="assignment.annotator.external_id")

    class Meta:
        model = GoldDispute
        fields = ("id", "sample", "annotator", "text", "opened_at", "outcome", "reply", "closed_at")


class DisputeDecisionInput(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=GoldDispute.Outcome.choices)
    reply = serializers.CharField(max_length=LONGEST, help_text="the person reads it")
    ratings = RatingInput(many=True, allow_null=True, default=None, help_text="overturned: what is known instead")


class OwnDisputeOutput(serializers.ModelSerializer):
    class Meta:
        model = GoldDispute
        fields = ("text", "opened_at", "outcome", "reply", "closed_at")


class ResultOutput(serializers.Serializer):
    assignment = serializers.IntegerField(source="assignment.pk")
    finished_at = serializers.DateTimeField(source="assignment.finished_at")
    score = serializers.FloatField(allow_null=True, help_text="share of the judged places that were right")
    said = serializers.SerializerMethodField()
    known = serializers.SerializerMethodField()
    note = serializers.CharField(source="known.note", default="")
    dispute = OwnDisputeOutput(allow_null=True)

    def get_said(self, result: GoldResult) -> list[dict[str, Any]]:
        return rows(result.annotation.ratings, result.annotation.rubric, showing.blind_ids(result.assignment.sample))

    def get_known(self, result: GoldResult) -> list[dict[str, Any]] | None:
        """The known answer; null when it was set aside and measures nobody."""
        if result.known is None:
            return None
        return rows(result.known.ratings, result.known.rubric, showing.blind_ids(result.assignment.sample))


class ResultsOutput(serializers.Serializer):
    accuracy = AccuracyOutput()
    results = ResultOutput(many=True)
    training = ResultOutput(many=True, help_text="told at once; it measures nothing")


def rows(packed: list[int | None], rubric: Rubric, response_ids: list[str]) -> list[dict[str, Any]]:
    """A packed vector as rows, in the places of the rubric under which it was written."""
    places = ratings.layout(rubric.attributes, len(response_ids))
    return ratings.unpack(packed, places=places, response_ids=response_ids)
