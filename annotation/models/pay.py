"""What an annotation was worth at which time: so that a statement of the past stays as it is when the price changes."""

from django.db import models


class PriceChange(models.Model):
    """From when a price holds. Written by a trigger whenever a project's price is set, whoever sets it.

    The first price holds from the beginning (`since` empty): before it nothing was said to be due.
    """

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="price_changes")
    price = models.DecimalField(max_digits=8, decimal_places=4, null=True, help_text="for an annotation; empty: none")
    since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "since"], name="price_change_once_at_a_time", nulls_distinct=False
            ),
            models.CheckConstraint(name="price_not_negative", condition=models.Q(price=None) | models.Q(price__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.price} since {self.since}"
