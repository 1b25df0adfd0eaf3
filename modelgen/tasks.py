"""Alarm clocks; the work itself is found in the rows. `look` plans and belongs to the platform, the others ask models."""

import time
from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from modelgen.engines.protocol import EngineDown
from modelgen.running import carrying_out, reward_heads
from modelgen.running.at_hand import of_this_process

SITTING_SECONDS = 300.0
STALE_AFTER = 10.0  # seconds: by then beat has looked again


@shared_task(name="modelgen.look", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def look(**_added_later: Any) -> None:
    """See what is to be done, and wake as many workers as could do something now."""
    for _ in range(carrying_out.look(at=timezone.now())):
        work.apply_async(expires=STALE_AFTER)


@shared_task(name="modelgen.work", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def work(**_added_later: Any) -> None:
    """Do chunks until there are none for this worker.

    Not a message a chunk: a worker that serves another model would take the message, find nothing, and the server here would
    wait for beat. After a while it makes room for the queue's other messages all the same.
    """
    until = time.monotonic() + SITTING_SECONDS
    while time.monotonic() < until:
        try:
            if not carrying_out.do_next(of_this_process(), now=timezone.now):
                return
        except EngineDown:
            continue  # the run says so, its stage rests, and others have their turn
    work.apply_async()


@shared_task(name="modelgen.judge_samples", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def judge_samples(**_added_later: Any) -> None:
    """Fit reward heads that are due, and judge with them."""
    reward_heads.judge_all_projects()
