"""Remarks fit their rubric: a trigger beside the one for ratings."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0017_guidelines")]

    operations: list[migrations.operations.base.Operation] = []
