"""Which projects want reward heads, the hidden states that heads are fitted on, and the heads that were fitted."""

from django.db import models
from django.db.models import Q

from annotation.models import Judge, Project, Sample
from modelgen.models.runs import Run


class RewardHeadPlan(models.Model):
    """This project wants a reward head on the hidden states of a model, fitted to its own labels and refitted as they grow."""

    EMBEDDED = "embedded"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reward_head_plans")
    model = models.CharField(
        max_length=200, default=EMBEDDED, help_text="embedded: features of the text, without a model"
    )
    revision = models.CharField(max_length=200, blank=True, help_text="of the model")
    is_enabled = models.BooleanField(default=True)
    run = models.OneToOneField(
        Run,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reward_head_plan",
        help_text="in which the model reads the samples",
    )
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, null=True, blank=True, help_text="the latest fit")
    fitted_to = models.PositiveIntegerField(default=0, help_text="labelled samples that the latest fit saw")
    basis = models.CharField(max_length=200, blank=True, help_text="how far it was served; nothing new: nothing to do")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "model", "revision"], name="reward_head_plan_once"),
            models.UniqueConstraint(
                fields=["project", "model"], name="reward_head_plan_one_revision", condition=Q(is_enabled=True)
            ),
        ]

    def __str__(self) -> str:
        return f"reward head of {self.project} on {self.model}"

    @property
    def reads_text_only(self) -> bool:
        """Whether its features are those of the text, which are computed when they are needed."""
        return self.model == self.EMBEDDED


class HiddenState(models.Model):
    """What a model made of a sample: for each response in order, the last hidden state after conversation and response.

    It goes with its sample: hidden states tell much of a text. Texts never change, so none is ever asked for twice.
    """

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="hidden_states", db_index=False)
    model = models.CharField(max_length=200)
    revision = models.CharField(max_length=200, blank=True)
    width = models.PositiveIntegerField(help_text="numbers a response")
    content = models.BinaryField(help_text="floats of 16 bits, the least significant byte first")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "model", "revision"], name="hidden_state_once"),
            models.CheckConstraint(name="hidden_state_has_numbers", condition=Q(width__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.model} on sample {self.sample_id}"


class RewardHead(models.Model):
    """One attribute's fitted head, of one judge. `content` is what `FittedHead.to_bytes` wrote."""

    judge = models.ForeignKey(Judge, on_delete=models.CASCADE, related_name="reward_heads")
    attribute = models.CharField(max_length=100)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["judge", "attribute"], name="reward_head_once")]

    def __str__(self) -> str:
        return f"head for {self.attribute} of {self.judge}"
