"""Shapes of what the interface says and takes about people."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.models import Annotator, Notice
from annotation.services.among_others import OF_THE_ADMINS

LONGEST = 5000
OWN_FIGURES = ("answered", "late", "set_aside", "skipped", "median_seconds", "skip_share")
OWN_BESIDE_OTHERS = ("as_of", "agreement", "attributes", "time", "one_value", "seconds_per_thousand", "concerns")
DECISIONS = ("pause", "resume", "requalify", "message", "withdraw", "set_aside")


class PersonOutput(serializers.ModelSerializer):
    """How a person stands, with their figures; null before the first were computed."""

    person = serializers.IntegerField(source="pk")
    annotator = serializers.CharField(source="external_id")
    figures = serializers.SerializerMethodField()
    as_of = serializers.SerializerMethodField()

    class Meta:
        model = Annotator
        fields = (
            "person", "annotator", "state", "is_qualified", "held_until", "skills", "cap", "figures", "as_of",
        )  # fmt: skip

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_figures(self, person: Annotator) -> dict[str, Any] | None:
        if not hasattr(person, "figures"):
            return None
        beside = person.figures.figures.get("among_others") or {}
        shown = {name: value for name, value in beside.items() if name not in ("basis", "seconds")}
        return {**person.figures.figures, "among_others": shown or None}

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_as_of(self, person: Annotator) -> Any:
        return person.figures.computed_at if hasattr(person, "figures") else None


class PersonInput(serializers.Serializer):
    """What a person may be given; what is left out stays as it is."""

    skills = serializers.ListField(child=serializers.CharField(max_length=50), required=False)
    cap = serializers.IntegerField(required=False, allow_null=True)
    is_qualified = serializers.BooleanField(required=False)


class DecisionInput(serializers.Serializer):
    action = serializers.ChoiceField(choices=DECISIONS)
    reason = serializers.CharField(max_length=LONGEST, allow_blank=True, help_text="the person reads it")
    keep_work = serializers.BooleanField(
        required=False, help_text="withdraw only, and needed there: false sets the work aside, which cannot be undone"
    )

    def validate(self, decision: dict[str, Any]) -> dict[str, Any]:
        if decision["action"] == "withdraw" and "keep_work" not in decision:
            raise serializers.ValidationError(
                {"keep_work": "Say whether their work goes on counting: true, or false, which cannot be undone."}
            )
        return decision


class AnswerInput(serializers.Serializer):
    text = serializers.CharField(max_length=LONGEST, allow_blank=True)


class NoticeOutput(serializers.ModelSerializer):
    notice = serializers.IntegerField(source="pk")
    by = serializers.CharField(source="by_name", help_text="empty: a rule")

    class Meta:
        model = Notice
        fields = (
            "notice", "kind", "text", "by", "created_at", "until", "read_at", "answer", "answered_at", "reply", "closed_at",
        )  # fmt: skip


class RecordOutput(PersonOutput):
    """One's own record: without what would tell which sample was gold before its answer is final."""

    notices = serializers.SerializerMethodField()

    class Meta(PersonOutput.Meta):
        fields = (*PersonOutput.Meta.fields, "notices")  # type: ignore[assignment]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_figures(self, person: Annotator) -> dict[str, Any] | None:
        kept = super().get_figures(person)
        if kept is None:
            return None
        beside = kept["among_others"] or {}
        own = {name: beside[name] for name in OWN_BESIDE_OTHERS if name in beside}
        if own.get("concerns"):
            own["concerns"] = [concern for concern in own["concerns"] if concern["kind"] not in OF_THE_ADMINS]
        return {**{name: kept[name] for name in OWN_FIGURES}, "among_others": own or None}

    @extend_schema_field(NoticeOutput(many=True))
    def get_notices(self, person: Annotator) -> Any:
        return NoticeOutput(self.context["notices"], many=True).data


class VersionShareOutput(serializers.Serializer):
    version = serializers.IntegerField()
    answers = serializers.IntegerField()


class OutlookOutput(serializers.Serializer):
    """What setting a person's work aside would do: counts of samples, and `answers` of answers."""

    answers = serializers.IntegerField()
    reopened = serializers.IntegerField()
    kept = serializers.IntegerField()
    adjudicated = serializers.IntegerField()
    undecided = serializers.IntegerField()
    excluded = serializers.IntegerField()
    untried = serializers.IntegerField(help_text="reopened or kept: too many to try")
    versions = serializers.SerializerMethodField()

    @extend_schema_field(VersionShareOutput(many=True))
    def get_versions(self, outlook: Any) -> list[dict[str, int]]:
        return [{"version": version.number, "answers": count} for version, count in outlook.versions]
