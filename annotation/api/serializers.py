"""Shapes of what comes in and what goes out. They check form; the services check sense. None of them saves."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.api import plainly
from annotation.models import Assignment, ConsensusLabel, DatasetVersion, Judgment, Project, Sample
from annotation.services import governing, judgment_details, priorities, showing, training
from annotation.services.submission import Answer, Receipt


class ClaimInput(serializers.Serializer):
    sample = serializers.CharField(required=False, help_text="a directed claim of this sample (its own id)")
    annotator = serializers.CharField(required=False, help_text="act for this person, who has no account")


class RatingInput(serializers.Serializer):
    attribute = serializers.CharField()
    value = serializers.IntegerField(allow_null=True)
    response = serializers.CharField(
        required=False, allow_null=True, help_text="id of the response; may be left out when there is one"
    )


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["remark", "value"],
                    "properties": {
                        "remark": {"type": "string"},
                        "response": {"type": "string", "nullable": True},
                        "value": {"description": "a text, a list of links or of options, a confidence, a kind of tie"},
                    },
                },
            },
            {"type": "object", "additionalProperties": True},
        ]
    }
)
class RemarksField(serializers.Field[Any, Any, Any, Any]):
    """Rows of remark, value and (where needed) response, or an object by name. The service checks them by the rubric."""

    ROW = {"remark", "response", "value"}

    def to_internal_value(self, data: Any) -> Any:
        rows = data if isinstance(data, list) else []
        if isinstance(data, dict) or (isinstance(data, list) and all(map(self._is_row, rows))):
            return data
        raise serializers.ValidationError('Give a list of {"remark", "value", "response"}, or an object by name.')

    def _is_row(self, row: Any) -> bool:
        return isinstance(row, dict) and {"remark", "value"} <= row.keys() <= self.ROW


class CorrectionInput(serializers.Serializer):
    KNOWN: Mapping[str, Any] = plainly.ANSWER

    ratings = RatingInput(many=True, help_text="comparison values: negative favours the first of comparison_order")
    client_key = serializers.CharField(max_length=64, help_text="your own key; sent again, it is answered as before")
    neither_valid = serializers.BooleanField(default=False)
    comment = serializers.CharField(allow_blank=True, default="", max_length=20_000)
    remarks = RemarksField(
        default=dict, help_text="what the rubric asks beside ratings; the kind of a tie under its comparison's name"
    )
    active_seconds = serializers.IntegerField(min_value=0, max_value=86_400, allow_null=True, default=None)
    rubric = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, allow_null=True, default=None, help_text="the version that was shown"
    )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """What is plainly right is taken as it is; anything else is looked at field by field, for its complaint."""
        return plainly.answered(data, self.KNOWN) or super().run_validation(data)

    def validate_comment(self, comment: str) -> str:
        if "\x00" in comment:
            raise serializers.ValidationError("The comment has a NUL character, which cannot be stored. Take it out.")
        return comment

    def answer(self) -> Answer:
        data: dict[str, Any] = dict(self.validated_data)
        data.pop("claim_next", None)
        return Answer(given=data.pop("ratings"), **data)


class SubmissionInput(CorrectionInput):
    KNOWN = {**plainly.ANSWER, "claim_next": False}

    claim_next = serializers.BooleanField(default=False, help_text="bring the next sample with the answer")


class SkipInput(serializers.Serializer):
    reason = serializers.ChoiceField(choices=Assignment.SkipReason.choices)


class MessageOutput(serializers.Serializer):
    role = serializers.CharField()
    content = serializers.CharField()


class ResponseOutput(serializers.Serializer):
    id = serializers.CharField(help_text="its place in the sample's own order; what ratings name")
    text = serializers.CharField(required=False)
    messages = MessageOutput(many=True, required=False)


class AssignmentOutput(serializers.Serializer):
    """A sample in one's hands: what to read, in the order in which it is to be shown."""

    assignment = serializers.IntegerField()
    sample = serializers.CharField()
    state = serializers.ChoiceField(choices=Assignment.State.values)
    lease_expires_at = serializers.DateTimeField()
    messages = MessageOutput(many=True)
    tools = serializers.ListField(child=serializers.DictField(), allow_null=True)
    responses = ResponseOutput(many=True)
    comparison_order = serializers.ListField(child=serializers.CharField())
    rubric = serializers.IntegerField(help_text="the version of the rubric that is asked of this sample")
    remarks = serializers.ListField(child=serializers.DictField(), help_text="what it asks beside ratings")
    training = serializers.BooleanField(help_text="it teaches: the right answer is told once it is submitted")
    sensitive = serializers.CharField(help_text="what makes it sensitive, in a word; empty: nothing does")

    def to_representation(self, assignment: Assignment) -> dict[str, Any]:
        """Put together here and not field by field: it is sent with every loop of every person."""
        sample, rubric = assignment.sample, governing.rubric_for(assignment)
        return {
            "assignment": assignment.pk,
            "sample": sample.external_id,
            "state": assignment.state,
            "lease_expires_at": assignment.lease_expires_at,
            "messages": showing.conversation(sample),
            "tools": sample.content.tools,
            "responses": showing.responses_as_shown(assignment),
            "comparison_order": showing.blind_ids(sample),
            "rubric": rubric.version,
            "remarks": rubric.remarks,
            "training": training.is_training(assignment),
            "sensitive": sample.content.sensitive,
        }


class ReceiptOutput(serializers.Serializer):
    annotation = serializers.IntegerField()
    revision = serializers.IntegerField()
    counted = serializers.BooleanField(help_text="false: it came late; it is kept and credited, and decides nothing")

    def to_representation(self, receipt: Receipt) -> dict[str, Any]:
        annotation = receipt.annotation
        return {"annotation": annotation.pk, "revision": annotation.revision, "counted": receipt.counted}


class RefusalOutput(serializers.Serializer):
    code = serializers.CharField()
    detail = serializers.CharField()


class SubmissionOutput(ReceiptOutput):
    """`next` and `next_refused` are there when `claim_next` was asked for."""

    next = AssignmentOutput(required=False, allow_null=True, help_text="null: nothing is left, or see next_refused")
    next_refused = RefusalOutput(required=False, allow_null=True)


class LeaseOutput(serializers.Serializer):
    lease_expires_at = serializers.DateTimeField()


class ProjectOutput(serializers.ModelSerializer):
    instructions = serializers.CharField(source="guideline.text", default="", help_text="the newest guideline")
    guideline = serializers.IntegerField(source="guideline.version", default=None, help_text="its version, or null")
    attributes = serializers.JSONField(source="rubric.attributes")
    remarks = serializers.JSONField(source="rubric.remarks", help_text="what is asked beside the attributes")

    class Meta:
        model = Project
        fields = (
            "slug", "title", "instructions", "guideline", "state", "lease_minutes", "allows_directed_claims", "attributes",
            "remarks",
        )  # fmt: skip


class SampleOutput(serializers.ModelSerializer):
    id = serializers.CharField(source="external_id")

    class Meta:
        model = Sample
        fields = ("id", "state", "target", "leased_count", "counted_count", "response_count", "priority")


class SampleChangeInput(serializers.Serializer):
    priority = serializers.IntegerField(min_value=-priorities.HIGHEST, max_value=priorities.HIGHEST)


class SampleDetailOutput(SampleOutput):
    """One sample whole, as it was imported; for reviewers and admins."""

    messages = serializers.JSONField(source="content.messages")
    responses = serializers.JSONField(source="content.responses")
    tools = serializers.JSONField(source="content.tools")
    metadata = serializers.JSONField(source="content.metadata")
    sensitive = serializers.CharField(source="content.sensitive")
    extra = serializers.JSONField(source="content.extra")

    class Meta(SampleOutput.Meta):
        fields = (*SampleOutput.Meta.fields, "messages", "responses", "tools", "metadata", "sensitive", "extra")  # type: ignore[assignment]


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
        fields = (
            "sample", "judge", "ratings", "probabilities", "is_unsure", "is_relative", "details", "created_at",
        )  # fmt: skip


def _is_bounded(given: Mapping[str, Any]) -> None:
    if problem := judgment_details.problem_of_size(given):
        raise serializers.ValidationError(problem)


class JudgeInput(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    configuration = serializers.DictField(
        default=dict, validators=[_is_bounded], help_text="model, revision, prompt version, parameters"
    )
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
    raw_text = serializers.CharField(allow_blank=True, max_length=judgment_details.LONGEST_RAW_TEXT, default="")
    is_unsure = serializers.BooleanField(default=False, help_text="it contradicted itself when the order was swapped")
    is_relative = serializers.BooleanField(
        default=False, help_text="a response is by a model of the judge's own family: measured, and without a vote"
    )
    details = serializers.DictField(
        default=dict,
        validators=[_is_bounded],
        help_text="what is to be kept with it; Concord reads `comparisons` and `relatives`",
    )


class JudgmentsInput(serializers.Serializer):
    judge = JudgeInput()
    judgments = VerdictInput(
        many=True,
        allow_empty=False,
        error_messages={"empty": "Give at least one judgment: a judge is put to work by what it says."},
    )


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
            "number", "state", "origin", "about", "filters", "policy", "rubric", "counts", "reliability", "files", "problem",
            "requested_at", "finished_at",
        )  # fmt: skip
