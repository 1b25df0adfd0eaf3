"""What the answer to a submission tells of the sample: `python -m bench.telling`. Nothing, it should be.

One person submits through the annotator's page, to the platform's own web server, samples of which others have said nothing,
something, the same or the opposite; gold; and samples whose places are gone. Told are the times of the answers by kind, and
how often a longer one comes from that kind rather than from a first submission: one in two is a guess. Sizes and names of
headers have to be the same. ANSWER_STEP_MS=0 shows what would be told if answers left as soon as they are ready.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.client import Answer, Client

if TYPE_CHECKING:
    from annotation.models import Annotator, Sample

SAID, OPPOSITE = 1, -1
KINDS = ("first", "second", "third, agrees", "third, disagrees", "gold", "late")
PAGE = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


class Stage:
    """A project of small samples, the person who is timed, and those who were before."""

    def __init__(self, samples: int) -> None:
        from bench import stage
        from bench.claims import PASSWORD

        self.password, self.names = PASSWORD, stage.people(4)
        self.project = stage.project("telling", samples, self.names)
        type(self.project).objects.update(allows_directed_claims=True)
        self.project.refresh_from_db()
        people = {person.external_id: person for person in self.project.annotators.select_related("project")}
        self.observer, *self.others = (people[name] for name in self.names)
        self._samples = iter(list(self.project.samples.order_by("pk")))

    def prepared(self, kind: str) -> tuple[int, int]:
        """A sample of this kind in the observer's hands: the assignment, and what to say."""
        from django.utils import timezone

        from annotation.services import claiming, leases

        sample, now = next(self._samples), timezone.now()
        if kind == "gold":
            return self._gold(sample), SAID
        before = {"first": 0, "second": 1, "late": 0}.get(kind, 2)
        for person in self.others[:before]:
            self._say(sample, person)
        lease = claiming.claim_sample(annotator=self.observer, sample=sample, at=now)
        if kind == "late":
            leases.release(assignment=lease, at=now)
            for person in self.others:
                self._say(sample, person)
        return lease.pk, OPPOSITE if kind == "third, disagrees" else SAID

    def _say(self, sample: "Sample", person: "Annotator") -> None:
        from django.utils import timezone

        from annotation.services import claiming, submission
        from annotation.services.submission import Answer as Said

        lease = claiming.claim_sample(annotator=person, sample=sample, at=timezone.now())
        said = Said(given=[{"attribute": "preference", "value": SAID}], client_key=str(lease.pk))
        submission.submit(assignment_id=lease.pk, answer=said, at=timezone.now())

    def _gold(self, sample: "Sample") -> int:
        from datetime import timedelta

        from django.utils import timezone

        from annotation.models import Assignment, User
        from annotation.services import gold

        now, given = timezone.now(), [{"attribute": "preference", "value": SAID}]
        gold.write(sample_id=sample.pk, given=given, by=User.objects.all()[0], note="", at=now)
        return Assignment.objects.create(
            sample=sample, annotator=self.observer, is_gold=True, lease_place=0, claimed_at=now,
            lease_expires_at=now + timedelta(hours=1), shown_order=[0, 1],
        ).pk  # fmt: skip


def measured(each: int, address: str) -> dict[str, list[Answer]]:
    """So many answers of every kind, in an order drawn at random."""
    stage, order = Stage(each * len(KINDS) + 20), [kind for kind in KINDS for _ in range(each)]
    random.Random(1).shuffle(order)  # noqa: S311  an order, no secret
    told: dict[str, list[Answer]] = defaultdict(list)
    with asyncio.Runner() as runner:
        client = Client(address)
        runner.run(client.submit_form("/login/", {"username": stage.names[0], "password": stage.password}))
        for kind in ["first"] * 20 + order:
            assignment, value = stage.prepared(kind)
            form = urlencode({"rating-0": value, "client_key": f"key-{assignment}", "active_seconds": 12}).encode()
            answer = runner.run(client.request("POST", f"/assignments/{assignment}/submit/", form, PAGE))
            if answer.status != 200:
                raise SystemExit(f"A submission was refused: {answer.status} {answer.text[:300]}")
            told[kind].append(answer)
    told["first"] = told["first"][20:]  # the first twenty warm up
    return told


def figures(told: dict[str, list[Answer]]) -> dict[str, dict[str, object]]:
    first = [answer.ms for answer in told["first"]]
    return {
        kind: {
            "median ms": round(quantile([a.ms for a in told[kind]], 0.5), 2),
            "p10": round(quantile([a.ms for a in told[kind]], 0.1), 2),
            "p90": round(quantile([a.ms for a in told[kind]], 0.9), 2),
            "longer than a first": round(longer([a.ms for a in told[kind]], first), 3),
            "bytes": sorted({len(answer.body) for answer in told[kind]}),
            "headers": sorted({" ".join(sorted(answer.headers)) for answer in told[kind]}),
        }
        for kind in KINDS
    }


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def longer(these: list[float], those: list[float]) -> float:
    """How often one of these is above one of those (the area under the ROC curve); .5: cannot be told apart."""
    return sum((a > b) + 0.5 * (a == b) for a in these for b in those) / (len(these) * len(those))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.telling", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=150, help="submissions of each kind")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="concord-telling-", dir=os.environ.get("BENCH_FOLDER")) as folder:
        os.environ |= {"CONCORD_VAR": folder, "PORT": os.environ.get("PORT", "8901")}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        from bench.__main__ import platform_for_the_bench

        with platform_for_the_bench(Path(folder)):
            told = figures(measured(wanted.each, f"http://127.0.0.1:{os.environ['PORT']}"))
    json.dump(told, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
