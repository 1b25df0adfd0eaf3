"""Judges (models that judge), what they said, and how far they have earned a part in the merged label."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Judge(models.Model):
    """One immutable configuration, known by its digest. Refitted or reworded, it is another judge."""

    class Kind(models.TextChoices):
        RECORDED = "recorded"  # judgments came with the data
        LLM_COMPARISON = "llm-comparison"  # a language model says which response is better, in both orders
        LLM_RATING = "llm-rating"  # a language model rates each attribute as a distribution over its levels
        REWARD_MODEL = "reward-model"  # raw scores of a reward model
        REWARD_HEAD = "reward-head"  # a linear head fitted to this project's own labels
        VERIFIER = "verifier"  # a program that checks: right answers, verifiable instructions
        EXTERNAL = "external"  # posted through the REST interface

    digest = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=200)
    configuration = models.JSONField(help_text="model, revision, prompt version, principles, parameters")
    family = models.CharField(max_length=100, blank=True)
    licence = models.CharField(max_length=100, default="unknown")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="judge_kind_known",
                condition=Q(
                    kind__in=[
                        *("recorded", "llm-comparison", "llm-rating", "reward-model", "reward-head"),
                        *("verifier", "external"),
                    ]
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProjectJudge(models.Model):
    """A judge at work in a project. A newer fit takes its predecessor's place; the old judgments stay."""

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="project_judges")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="project_judges")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "judge"], name="project_judge_once")]

    def __str__(self) -> str:
        return f"{self.judge} in {self.project}"


class Judgment(models.Model):
    """What one judge said of one sample, packed as an annotation's ratings are."""

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="judgments")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="judgments")
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.PROTECT, related_name="+")
    ratings = ArrayField(models.SmallIntegerField(null=True))
    probabilities = models.JSONField(null=True, help_text="for each place of ratings, a probability per level, or null")
    details = models.JSONField(default=dict, help_text="principle, both orders, counts of verdicts, raw scores")
    is_unsure = models.BooleanField(default=False, help_text="it contradicted itself when the order was swapped")
    is_relative = models.BooleanField(
        default=False, help_text="a response is by a model of the judge's own family: kept and measured, not counted"
    )
    raw_text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "judge"], name="judgment_once_per_sample")]
        indexes = [models.Index(name="judgment_by_judge", fields=["judge", "sample"])]

    def __str__(self) -> str:
        return f"judge {self.judge_id} on sample {self.sample_id}"


class Silence(models.Model):
    """A judge looked at a sample and has nothing to say of it. Without this one could not tell it from one that is still to come."""

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="silences")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="silences")
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "judge", "rubric"], name="silence_once_per_sample")]

    def __str__(self) -> str:
        return f"judge {self.judge_id} has nothing to say of sample {self.sample_id}"


class MergeFit(models.Model):
    """The weight that a project's judges have earned on one attribute, with what it was measured on."""

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="merge_fits")
    attribute = models.CharField(max_length=100)
    judges = models.ManyToManyField(Judge, related_name="+")
    weight = models.FloatField()
    sample_count = models.PositiveIntegerField()
    details = models.JSONField(default=dict)
    basis = models.CharField(max_length=200, help_text="what it was fitted to; unchanged means up to date")
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "attribute"], name="merge_fit_one_current", condition=Q(is_current=True)
            ),
            models.CheckConstraint(name="merge_fit_weight_in_range", condition=Q(weight__gte=0, weight__lte=1)),
        ]

    def __str__(self) -> str:
        return f"weight {self.weight:.2f} on {self.attribute}"
