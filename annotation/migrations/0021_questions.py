"""Questions to a reviewer."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0020_training")]

    operations: list[migrations.operations.base.Operation] = []
