"""Administration: accounts, projects, people. What services decide is shown and not edited."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest

from annotation import models


class ShownOnly(admin.ModelAdmin):
    """Rows that only services write: to be looked at."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


admin.site.register(models.User, UserAdmin)


@admin.register(models.Membership)
class MembershipAdmin(ShownOnly):
    """Who has which role. Given by `manage.py add_member`, because joining may open samples again."""

    list_display = ("user", "project", "role")
    list_filter = ("project", "role")


@admin.register(models.Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("title", "slug", "state", "lease_minutes", "created_at")
    list_filter = ("state",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a project comes with its rubric and policy: `manage.py import_pilot`

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(models.Annotator)
class AnnotatorAdmin(ShownOnly):
    """People as projects know them. An admin of the project decides about them on its page "People", with a reason."""

    list_display = ("external_id", "project", "user", "state", "is_qualified", "cap", "held_until")
    list_filter = ("project", "state", "is_qualified")
    search_fields = ("external_id",)


@admin.register(models.Notice)
class NoticeAdmin(ShownOnly):
    list_display = ("annotator", "kind", "by_name", "created_at", "read_at", "answered_at", "closed_at")
    list_filter = ("kind",)
    list_select_related = ("annotator",)


@admin.register(models.QualityRule)
class QualityRuleAdmin(ShownOnly):
    list_display = ("project", "measure", "limit", "minimum", "action", "hold_minutes", "is_enabled")
    list_filter = ("project", "action")
    list_select_related = ("project",)


@admin.register(models.ApiToken)
class ApiTokenAdmin(ShownOnly):
    list_display = ("name", "user", "scopes", "created_at", "revoked_at")
    exclude = ("digest",)


@admin.register(models.Sample)
class SampleAdmin(ShownOnly):
    list_display = ("external_id", "project", "state", "target", "leased_count", "counted_count")
    list_filter = ("project", "state")
    search_fields = ("external_id",)


@admin.register(models.SampleEvent)
class SampleEventAdmin(ShownOnly):
    list_display = ("sample", "source", "target", "reason", "actor", "at")
    list_filter = ("reason",)
    list_select_related = ("sample", "actor")


@admin.register(models.Assignment)
class AssignmentAdmin(ShownOnly):
    list_display = ("sample", "annotator", "state", "claimed_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("sample", "annotator")


@admin.register(models.Annotation)
class AnnotationAdmin(ShownOnly):
    list_display = ("assignment", "revision", "is_current", "round", "ratings", "submitted_at")
    list_filter = ("round", "is_current")
    list_select_related = ("assignment",)


@admin.register(models.Judge)
class JudgeAdmin(ShownOnly):
    list_display = ("name", "kind", "family", "licence", "created_at")
    list_filter = ("kind",)


@admin.register(models.ProjectJudge)
class ProjectJudgeAdmin(admin.ModelAdmin):
    list_display = ("project", "judge", "is_enabled", "created_at")
    list_filter = ("project", "is_enabled")
    list_select_related = ("project", "judge")


for shown in (
    models.Rubric,
    models.Policy,
    models.AnnotatorFigures,
    models.Judgment,
    models.ConsensusLabel,
    models.ReviewItem,
    models.MergeFit,
    models.DatasetVersion,
):
    admin.site.register(shown, ShownOnly)
