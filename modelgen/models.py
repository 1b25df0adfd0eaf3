"""What modelgen remembers: which projects want a reward head, and the heads that were fitted."""

from django.db import models

from annotation.models import Judge, Project


class RewardHeadPlan(models.Model):
    """This project wants a reward head, fitted to its own labels and refitted as they grow."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="reward_head_plan")
    engine = models.CharField(max_length=40, default="embedded")
    is_enabled = models.BooleanField(default=True)
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, null=True, blank=True, help_text="the latest fit")
    fitted_to = models.PositiveIntegerField(default=0, help_text="labelled samples that the latest fit saw")
    basis = models.CharField(max_length=200, blank=True, help_text="how far it was served; nothing new: nothing to do")

    class Meta:
        constraints = [
            models.CheckConstraint(name="reward_head_plan_engine_known", condition=models.Q(engine__in=["embedded"]))
        ]

    def __str__(self) -> str:
        return f"reward head of {self.project}"


class RewardHead(models.Model):
    """One attribute's fitted head, of one judge. `content` is what `FittedHead.to_bytes` wrote."""

    judge = models.ForeignKey(Judge, on_delete=models.CASCADE, related_name="reward_heads")
    attribute = models.CharField(max_length=100)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["judge", "attribute"], name="reward_head_once")]

    def __str__(self) -> str:
        return f"head for {self.attribute} of {self.judge}"
