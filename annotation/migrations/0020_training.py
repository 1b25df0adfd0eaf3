"""Training samples."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0019_drafts_are_small")]

    operations: list[migrations.operations.base.Operation] = []
