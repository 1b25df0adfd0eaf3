"""Gold and training: samples whose right answer is known, and what people say against it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class GoldAnswer(models.Model):
    """The known answer of a sample, packed as ratings are. Revisions: one that was overturned stays readable.

    The sample is a gold sample (purpose gold), or a decided one of the random slice that was promoted; or it teaches
    (purpose training): then newcomers get it first, are told at once, and are not measured by it. A person's answer is
    compared on the places that have a value; NULL is "not judged by this gold".
    """

    class Source(models.TextChoices):
        IMPORTED = "imported", _("Imported")  # gold.csv
        WRITTEN = "written", _("Written")  # by a reviewer
        UNANIMOUS = "unanimous", _("Unanimous")  # four people of the random slice said the same

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="gold_answers")
    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="gold_answers")
    revision = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.PROTECT, related_name="+")
    ratings = ArrayField(models.SmallIntegerField(null=True))
    source = models.CharField(max_length=16, choices=Source)
    note = models.TextField(blank=True, help_text="why this is the answer; shown to people after they answered")
    written_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    rank = models.BigIntegerField(help_text="the order of handing out: the sample's own; of training a place from 0")
    teaches = models.BooleanField(
        default=False, db_default=False, help_text="as its sample's purpose says: a trigger keeps the two alike"
    )
    is_served = models.BooleanField(default=True, help_text="handed out; one that was retired still measures")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "revision"], name="gold_answer_revision_once"),
            models.UniqueConstraint(fields=["sample"], name="gold_answer_one_current", condition=Q(is_current=True)),
            models.CheckConstraint(
                name="gold_answer_source_known", condition=Q(source__in=["imported", "written", "unanimous"])
            ),
        ]
        indexes = [
            # statements.claiming: the next gold sample for a person
            models.Index(
                name="gold_served",
                fields=["project", "rank"],
                condition=Q(is_current=True, is_served=True, teaches=False),
            ),
            # statements.claiming: whether a newcomer is to be trained, and on what
            models.Index(
                name="training_served",
                fields=["project", "rank"],
                condition=Q(is_current=True, is_served=True, teaches=True),
            ),
        ]

    def __str__(self) -> str:
        return f"gold answer {self.revision} of sample {self.sample_id}"


class GoldDispute(models.Model):
    """A person says that a gold answer is wrong. A reviewer upholds it or overturns it, in writing."""

    class Outcome(models.TextChoices):
        UPHELD = "upheld", _("Upheld")
        OVERTURNED = "overturned", _("Overturned")

    assignment = models.OneToOneField("annotation.Assignment", on_delete=models.CASCADE, related_name="dispute")
    text = models.TextField()
    opened_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reply = models.TextField(blank=True)
    closed_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="gold_dispute_says_why", condition=~Q(text="")),
            models.CheckConstraint(
                name="gold_dispute_outcome_known", condition=Q(outcome__in=["", "upheld", "overturned"])
            ),
            models.CheckConstraint(
                name="gold_dispute_closed_with_a_reply",
                condition=Q(outcome="", closed_at=None) | (~Q(outcome="") & ~Q(reply="") & Q(closed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"dispute of assignment {self.assignment_id}"
