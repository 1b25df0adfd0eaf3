"""Alarm clocks on the `gpu` queue; the work itself is found in the rows."""

from typing import Any

from celery import shared_task
from django.db import OperationalError

from modelgen import reward_heads


@shared_task(name="modelgen.judge_samples", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def judge_samples(**_added_later: Any) -> None:
    reward_heads.judge_all_projects()
