"""Shapes of what comes in and what goes out. They check form; the services check sense. None of them saves."""

from typing import Any

from rest_framework import serializers

from annotation.models import Assignment, ConsensusLabel, DatasetVersion, Judgment, Project, Sample
from annotation.services import showing
from annotation.services.submission import Answer


class ClaimInput(serializers.Serializer):
    sample = serializers.CharField(required=False, help_text="a directed claim of this sample (its own id)")
    annotator = serializers.CharField(required=False, help_text="act for this person, who has no account")


class RatingInput(serializers.Serializer):
    attribute = serializers.CharField()
    value = serializers.IntegerField(allow_null=True)
    response = serializers.CharField(
        required=False, allow_null=True, help_text="id of the response; may be left out when there is one"
    )


class SubmissionInput(serializers.Serializer):
    ratings = RatingInput(many=True, help_text="comparison values: negative favours the first of comparison_order")
    client_key = serializers.CharField(max_length=64, help_text="your own key; sent again, it is answered as before")
    neither_valid = serializers.BooleanField(default=False)
    comment = serializers.CharField(allow_blank=True, default="", max_length=20_000)
    reasons = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=100)), default=dict
    )
    active_seconds = serializers.IntegerField(min_value=0, max_value=86_400, allow_null=True, default=None)

    def validate_comment(self, comment: str) -> str:
        if "\x00" in comment:
            raise serializers.ValidationError("The comment has a NUL character, which cannot be stored. Take it out.")
        return comment

    def answer(self) -> Answer:
        data: dict[str, Any] = dict(self.validated_data)
        return Answer(given=data.pop("ratings"), **data)


class SkipInput(serializers.Serializer):
    reason = serializers.ChoiceField(choices=Assignment.SkipReason.choices)


class AssignmentOutput(serializers.ModelSerializer):
    """A sample in one's hands: what to read, in the order in which it is to be shown."""

    assignment = serializers.IntegerField(source="pk")
    sample = serializers.CharField(source="sample.external_id")
    messages = serializers.SerializerMethodField()
    tools = serializers.JSONField(source="sample.content.tools")
    responses = serializers.SerializerMethodField()
    comparison_order = serializers.SerializerMethodField()

    class Meta:
        model = Assignment
        fields = (
            "assignment", "sample", "state", "lease_expires_at", "messages", "tools", "responses", "comparison_order",
        )  # fmt: skip

    def get_messages(self, assignment: Assignment) -> list[dict[str, Any]]:
        return showing.conversation(assignment.sample.content)

    def get_responses(self, assignment: Assignment) -> list[dict[str, Any]]:
        return showing.responses_as_shown(assignment)

    def get_comparison_order(self, assignment: Assignment) -> list[str]:
        return showing.blind_ids(assignment.sample)


class ReceiptOutput(serializers.Serializer):
    annotation = serializers.IntegerField(source="annotation.pk")
    revision = serializers.IntegerField(source="annotation.revision")
    counted = serializers.BooleanField(help_text="false: it came late; it is kept and credited, and decides nothing")


class LeaseOutput(serializers.Serializer):
    lease_expires_at = serializers.DateTimeField()


class ProjectOutput(serializers.ModelSerializer):
    attributes = serializers.JSONField(source="rubric.attributes")

    class Meta:
        model = Project
        fields = ("slug", "title", "instructions", "state", "lease_minutes", "allows_directed_claims", "attributes")


class SampleOutput(serializers.ModelSerializer):
    id = serializers.CharField(source="external_id")

    class Meta:
        model = Sample
        fields = ("id", "state", "target", "leased_count", "counted_count", "response_count")


class SampleDetailOutput(SampleOutput):
    """One sample whole, as it was imported; for reviewers and admins."""

    messages = serializers.JSONField(source="content.messages")
    responses = serializers.JSONField(source="content.responses")
    tools = serializers.JSONField(source="content.tools")
    metadata = serializers.JSONField(source="content.metadata")
    extra = serializers.JSONField(source="content.extra")

    class Meta(SampleOutput.Meta):
        fields = (*SampleOutput.Meta.fields, "messages", "responses", "tools", "metadata", "extra")  # type: ignore[assignment]


class LabelOutput(serializers.ModelSerializer):
    sample = serializers.CharField(source="sample.external_id")
    policy = serializers.IntegerField(source="policy.version")

    class Meta:
        model = ConsensusLabel
        fields = (
            "sample", "response", "attribute", "revision", "human_value", "human_expected", "no_preference",
            "merged_value", "probabilities", "method", "annotation_count", "policy", "created_at",
        )  # fmt: skip


class JudgmentOutput(serializers.ModelSerializer):
    sample = serializers.CharField(source="sample.external_id")
    judge = serializers.CharField(source="judge.name")

    class Meta:
        model = Judgment
        fields = ("sample", "judge", "ratings", "probabilities", "created_at")


class JudgeInput(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    configuration = serializers.DictField(default=dict, help_text="model, revision, prompt version, parameters")
    family = serializers.CharField(max_length=100, allow_blank=True, default="")
    licence = serializers.CharField(max_length=100, default="unknown")


class VerdictInput(serializers.Serializer):
    sample = serializers.CharField()
    ratings = RatingInput(many=True)
    probabilities = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(min_value=0, max_value=1), allow_null=True),
        allow_null=True,
        default=None,
        help_text="for each place of the packed ratings a probability per level, or null",
    )
    raw_text = serializers.CharField(allow_blank=True, default="")


class JudgmentsInput(serializers.Serializer):
    judge = JudgeInput()
    judgments = VerdictInput(many=True)


class JudgmentsReceipt(serializers.Serializer):
    judge = serializers.CharField(help_text="the digest of this exact configuration")
    new = serializers.IntegerField()


class FileOutput(serializers.Serializer):
    path = serializers.CharField()
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    rows = serializers.IntegerField()


class VersionOutput(serializers.ModelSerializer):
    files = FileOutput(many=True)
    policy = serializers.IntegerField(source="policy.version")
    rubric = serializers.IntegerField(source="rubric.version")

    class Meta:
        model = DatasetVersion
        fields = (
            "number", "state", "filters", "policy", "rubric", "counts", "reliability", "files", "problem",
            "requested_at", "finished_at",
        )  # fmt: skip
