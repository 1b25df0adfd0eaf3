"""Answers leave at the steps of a clock, so that how long one took says nothing of what was decided.

Whoever submits the annotation that settles a sample, or makes it contested, sets off more work than whoever is first; a
person who could measure that would know what others said. Nobody waits for the answer: the page shows the next sample
already. What it costs is a thread of the web server for the rest of a step.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def in_even_time(view: View[P]) -> View[P]:
    """Hold back what a view answers to a POST until the next step after the request came (ANSWER_STEP_MS; 0: at once).

    It goes above every other decorator, so that what they take is inside the step too.
    """

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        began = time.monotonic()
        response = view(request, *args, **kwargs)
        if request.method == "POST":
            time.sleep(left_of_step(time.monotonic() - began, settings.ANSWER_STEP_MS / 1000))
        return response

    return run


def left_of_step(taken: float, step: float) -> float:
    """Seconds until the next whole number of steps; both in seconds.

    >>> round(left_of_step(0.034, 0.1), 3), round(left_of_step(0.134, 0.1), 3), left_of_step(0.2, 0)
    (0.066, 0.066, 0.0)
    """
    return step - taken % step if step else 0.0
