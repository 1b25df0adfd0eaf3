"""The policy and the rubric of a project, their versions, and changes mid-way (docs/changes/)."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import access
from annotation.api.access import STAFF, Role, Scope
from annotation.models import Policy, Rubric
from annotation.services import applying, projects


class PolicyInput(serializers.Serializer):
    """What is left out stays as it is."""

    reason = serializers.CharField(help_text="why; it stands in the project's history")
    name = serializers.ChoiceField(
        choices=Policy.Name.choices, required=False, help_text="how it decides (docs/states.md)"
    )
    first_round = serializers.IntegerField(required=False)
    extra = serializers.IntegerField(required=False)
    triggers = serializers.DictField(
        child=serializers.DictField(child=serializers.FloatField(allow_null=True)),
        required=False,
        help_text="attribute -> escalate_above, settle_within; a limit left out is the default of its scale",
    )
    target = serializers.FloatField(required=False, help_text="confidence: how probable a trigger value must be")
    hopeless_below = serializers.FloatField(
        required=False, help_text="confidence: the chance of reaching the target below which nobody more is asked"
    )
    label_rule = serializers.ChoiceField(choices=Policy.LabelRule.choices, required=False)
    unsettled = serializers.ChoiceField(choices=Policy.Unsettled.choices, required=False)
    judges_weight_at_most = serializers.FloatField(
        required=False, help_text="judges weigh in the merge what they have earned, and no more than this"
    )
    slice_share = serializers.FloatField(required=False)
    slice_overlap = serializers.IntegerField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(self.initial_data.keys() - self.fields.keys()):
            raise serializers.ValidationError({unknown[0]: f"A policy has no {unknown[0]}."})
        return given


class PolicyOutput(serializers.ModelSerializer):
    class Meta:
        model = Policy
        fields = ("version", *projects.CHANGEABLE, "created_at")


class RubricInput(serializers.Serializer):
    reason = serializers.CharField(help_text="why; it stands in the project's history")
    attributes = serializers.ListField(child=serializers.DictField(), help_text="as in rubric.json")
    remarks = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="as in rubric.json; left out, they stay as they are"
    )


class RubricOutput(serializers.ModelSerializer):
    attributes = serializers.ListField(child=serializers.DictField())
    remarks = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = Rubric
        fields = ("version", "attributes", "remarks", "created_at")


class ApplicationInput(serializers.Serializer):
    dry_run = serializers.BooleanField(default=False, help_text="say what would change, and change nothing")


class ChangesOutput(serializers.Serializer):
    """Undecided samples that were looked at, and what would become of them."""

    looked_at = serializers.IntegerField()
    target = serializers.IntegerField(help_text="still undecided, with more or fewer people wanted")
    drawn = serializers.IntegerField(help_text="into the random slice, or out of it")
    resolved = serializers.IntegerField()
    escalated = serializers.IntegerField()
    contested = serializers.IntegerField()
    excluded = serializers.IntegerField()


@extend_schema(methods=["GET"], operation_id="list_policies", responses=PolicyOutput(many=True))
@extend_schema(methods=["POST"], operation_id="change_policy", request=PolicyInput, responses={201: PolicyOutput})
@api_view(["GET", "POST"])
def policies(request: Request, slug: str) -> Response:
    """All versions of the policy, newest first; or write the next one."""
    if request.method == "POST":
        project = access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR)
        form = PolicyInput(data=request.data)
        form.is_valid(raise_exception=True)
        by = access.account(request)
        made = projects.change_policy(project=project, by=by, at=timezone.now(), **form.validated_data)
        return Response(PolicyOutput(made).data, status=201)
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    return Response(PolicyOutput(project.policies.order_by("-version"), many=True).data)


@extend_schema(operation_id="apply_policy", request=ApplicationInput, responses={202: None, 200: ChangesOutput})
@api_view(["POST"])
def apply_policy(request: Request, slug: str) -> Response:
    """Let undecided samples follow the newest policy now. A worker does it; `dry_run` answers what it would do."""
    project = access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR)
    form = ApplicationInput(data=request.data)
    form.is_valid(raise_exception=True)
    if form.validated_data["dry_run"]:
        return Response(asdict(applying.rehearse(project=project, at=timezone.now())))
    projects.apply_policy_now(project=project, by=access.account(request), at=timezone.now())
    return Response(status=202)


@extend_schema(methods=["GET"], operation_id="list_rubrics", responses=RubricOutput(many=True))
@extend_schema(methods=["POST"], operation_id="change_rubric", request=RubricInput, responses={201: RubricOutput})
@api_view(["GET", "POST"])
def rubrics(request: Request, slug: str) -> Response:
    """All versions of the rubric, newest first, for everybody who has a part in the project; or write the next one."""
    if request.method == "POST":
        project = access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR)
        form = RubricInput(data=request.data)
        form.is_valid(raise_exception=True)
        by = access.account(request)
        made = projects.change_rubric(project=project, by=by, at=timezone.now(), **form.validated_data)
        return Response(RubricOutput(made).data, status=201)
    project = access.project_for(request, slug, scope=Scope.READ)
    return Response(RubricOutput(project.rubrics.order_by("-version"), many=True).data)
