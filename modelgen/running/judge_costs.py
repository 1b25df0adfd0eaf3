"""What the judges of a project took, summed over the chunks of their runs: told to whoever shows judges."""

from django.db.models import Count, Q, Sum

from annotation.models import Project
from annotation.services.judge_costs import Cost
from modelgen.models import Chunk, Run


def of_project(project: Project) -> dict[int, Cost]:
    """By judge id, of those that ask a model; without the money where the price of any chunk is unknown."""
    done = Chunk.objects.filter(is_done=True, stage__places__run__project=project)
    of_judges = done.filter(stage__places__run__kind=Run.Kind.JUDGING).order_by().values("stage__places__run__judge")
    sums = of_judges.annotate(
        judgments=Sum("answered_count"),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        money=Sum("cost"),
        unknown=Count("pk", filter=Q(cost=None)),
    )
    return {
        row["stage__places__run__judge"]: Cost(
            row["judgments"], row["prompt"], row["completion"], None if row["unknown"] else row["money"]
        )
        for row in sums
    }
