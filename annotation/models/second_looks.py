"""Second looks: annotations that a reviewer reads again, and how far the drawing of them has come."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SecondLook(models.Model):
    """One annotation before a second pair of eyes. What was returned counts until its author has revised it.

    A trigger keeps what was drawn as it was, gold out of it, and nobody looking at their own.
    """

    class Why(models.TextChoices):
        RANDOM = "random", _("Drawn at random")
        FIRST_ONES = "first_ones", _("Among a new person's first")
        AGAIN = "again", _("Revised after it came back")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        ACCEPTED = "accepted", _("Accepted")
        RETURNED = "returned", _("Returned")
        REVISED = "revised", _("Revised")  # returned, and its author has written a new revision

    annotation = models.OneToOneField(
        "annotation.Annotation", on_delete=models.CASCADE, related_name="second_look", help_text="one revision"
    )
    # Both follow from the annotation; they stand here for the indexes.
    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    annotator = models.ForeignKey(
        "annotation.Annotator", on_delete=models.CASCADE, related_name="second_looks", db_index=False
    )
    why = models.CharField(max_length=10, choices=Why)
    probability = models.FloatField(help_text="how likely it was to be drawn; 1 for what is drawn in any case")
    drawn_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reviewer = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reviewer_name = models.CharField(max_length=150, blank=True, help_text="who, also when the account is gone")
    word = models.TextField(blank=True, help_text="what the person is asked to look at again, as they read it")
    decided_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="when the person had read the word")
    revised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="second_look_why_known", condition=Q(why__in=["random", "first_ones", "again"])
            ),
            models.CheckConstraint(
                name="second_look_state_known", condition=Q(state__in=["waiting", "accepted", "returned", "revised"])
            ),
            models.CheckConstraint(
                name="second_look_probability_in_range", condition=Q(probability__gt=0, probability__lte=1)
            ),
            models.CheckConstraint(
                name="second_look_decided_by_a_human",
                condition=Q(state="waiting", decided_at=None, reviewer=None, reviewer_name="", word="")
                | (~Q(state="waiting") & Q(decided_at__isnull=False) & ~Q(reviewer_name="")),
            ),
            models.CheckConstraint(
                name="second_look_returned_with_a_word",
                condition=Q(state__in=["waiting", "accepted"]) | ~Q(word=""),
            ),
            models.CheckConstraint(
                name="second_look_revised_has_a_time",
                condition=Q(state="revised", revised_at__isnull=False, revised_at__gte=F("decided_at"))
                | (~Q(state="revised") & Q(revised_at=None)),
            ),
        ]
        indexes = [
            # services.second_looks.waiting_for: the next one
            models.Index(name="second_look_waiting", fields=["project", "id"], condition=Q(state="waiting")),
            # services.second_looks.error_rate, of a project and of each person, from the index alone
            models.Index(name="second_look_found", fields=["project", "annotator", "why", "probability", "state"]),
            # services.returned: what came back to a person
            models.Index(name="second_look_returned", fields=["annotator"], condition=Q(state="returned")),
        ]

    def __str__(self) -> str:
        return f"second look at annotation {self.annotation_id}: {self.state}"


class SecondLookMark(models.Model):
    """Up to when a project's annotations were drawn from. Only the task that draws touches it."""

    project = models.OneToOneField(
        "annotation.Project", on_delete=models.CASCADE, related_name="second_look_mark", primary_key=True
    )
    drawn_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"project {self.project_id} until {self.drawn_until}"
