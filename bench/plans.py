"""How PostgreSQL runs the statements of a loop, and by which index: `make query-plans` writes docs/query-plans.md.

The plans are those of prepared statements (EXPLAIN with GENERIC_PLAN), in a project of a hundred thousand samples of which
some work was done. tests/annotation/test_query_plans.py asks the same of a small one and holds it against `INDEXES`.
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

PARAMETER = re.compile(r"%\((\w+)\)s")
TYPES = {
    "annotator": "bigint", "project": "bigint", "cursor": "bigint", "requirements": "bigint[]", "at": "timestamptz",
    "until": "timestamptz", "weight": "float8", "place": "bigint", "shuffles": "boolean", "nothing_before": "bigint",
    "sample": "bigint", "assignment": "bigint", "horizon": "bigint", "rubric": "bigint", "ratings": "smallint[]",
    "neither_valid": "boolean", "round": "bigint", "remarks": "jsonb", "comment": "text", "active_seconds": "bigint",
    "client_key": "text", "was_counted": "boolean", "state": "text", "released": "bigint", "counted": "bigint", "labels": "jsonb", "policy": "bigint",
    "decided_by": "bigint", "source_state": "text", "target_state": "text", "target": "int", "waits_for_people": "boolean",
    "head_start_until": "timestamptz", "reason": "text", "requirement": "bigint", "at_most": "bigint", "text": "text", "actor": "bigint",
    "is_gold": "boolean", "of_revision": "bigint", "fields": "jsonb", "saves": "bigint", "correctable_since": "timestamptz",
}  # fmt: skip
TYPES_OF = {"RETIRE_LABELS": {"labels": "bigint[]"}}
# The index that each statement stands on; without it the statement reads what it must not.
INDEXES = {
    "TAKE_RETURNED": ("sample_returned", "assignment_once_per_sample"),
    "TAKE_OFFERED": ("sample_offer_next", "annotation_sample_pkey", "assignment_once_per_sample"),
    "FORGET_OFFERS": ("sample_offer_next", "sample_offer_once"),
    "TAKE_FRESH": ("sample_fresh", "assignment_once_per_sample"),
    "TAKE_EXACTLY": ("sample_claimable", "assignment_once_per_sample"),
    "TAKE_GOLD": ("gold_served", "assignment_once_per_sample"),
    "TAKE_GOLD_AGAIN": ("assignment_given_back",),
    "TAKE_TRAINING": ("training_served", "assignment_once_per_sample"),
    "TAKE_THIS": ("annotation_sample_pkey",),
    "PASS_RETURNED": ("sample_returned", "assignment_once_per_sample"),
    "LOOK": ("assignment_two_leases_a_person", "sample_returned"),
    "NOTHING_LEFT": ("sample_fresh",),
    "RESUME": ("annotation_assignment_pkey",),
    "RESUME_AHEAD": ("assignment_two_leases_a_person",),
    "STAND_FIRST": ("annotation_assignment_pkey", "assignment_two_leases_a_person"),
    "TAKE_AGAIN": ("annotation_sample_pkey", "annotation_assignment_pkey", "assignment_once_per_sample"),
    "OWNER": ("annotation_assignment_pkey",),
    "LOCK_SAMPLE": ("annotation_sample_pkey", "annotation_assignment_pkey"),
    "LOCK_ASSIGNMENT": ("annotation_assignment_pkey",),
    "RECORD": (
        "assignment_once_per_sample",
        "annotation_assignment_pkey",
        "annotation_sample_pkey",
        "draft_once_per_revision",
    ),
    "KEEP": ("annotation_assignment_pkey", "draft_once_per_revision"),
    "COUNTED": ("assignment_once_per_sample",),
    "LAST_LABELS": ("consensus_label_",),
    "RETIRE_LABELS": ("consensus_label_",),
    "ADD_LABELS": (),
    "MOVE": ("annotation_sample_pkey",),
    "LAST_REASON": ("sample_event_trail",),
    "PEOPLE_LEFT": ("assignment_once_per_sample", "assignment_given_back"),
    "FAVOURED": ("assignment_once_per_sample", "assignment_given_back"),
}
HEAD = """# Query plans

What PostgreSQL {version} does for each statement of a loop, in a project of {samples:,} samples. Written by
`make query-plans`; [claiming.md](claiming.md) says what the statements are for. The plans are those of prepared statements
(`EXPLAIN (GENERIC_PLAN)`): the same whatever the values are, and the same at ten million samples, because every one of
them goes down an index and stops at the first row that fits.
"""


def statements() -> dict[str, tuple[str, ModuleType]]:
    """Every statement of the hot path by its name, with the module that it stands in."""
    from annotation.statements import asking, claiming, drafting, settling, submitting

    return {
        name: (text, module)
        for module in (claiming, drafting, submitting, settling, asking)
        for name, text in vars(module).items()
        if name.isupper() and not name.startswith("_") and name != "FOR_THIS_PERSON"
    }


def generic_plan(name: str, statement: str) -> str:
    """The plan that any values get, as lines."""
    from django.db import connection

    names = list(dict.fromkeys(PARAMETER.findall(statement)))
    types = TYPES | TYPES_OF.get(name, {})
    text = PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}::{types[found[1]]}", statement)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {text}")
        return "\n".join(line for (line,) in cursor.fetchall())


def page(samples: int) -> str:
    from django.db import connection

    version = connection.cursor().connection.info.server_version // 10_000
    parts = [HEAD.format(version=version, samples=samples)]
    for name, (statement, module) in statements().items():
        served = ", ".join(f"`{index}`" for index in INDEXES[name] if not index.endswith("_")) or "none"
        where = f"`{module.__name__}.{name}`"
        parts.append(f"## {name}\n\n{where}. Indexes: {served}.\n\n```\n{generic_plan(name, statement)}\n```\n")
    return "\n".join(parts)


def main() -> None:
    samples, path = 100_000, Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="concord-plans-") as folder:
        os.environ["CONCORD_VAR"] = folder
        import django

        django.setup()
        from bench import stage
        from config import platform

        with platform.servers(print):
            platform.prepare(print)
            names = stage.people(32)
            made = stage.project("plans", samples, names)
            stage.send_ahead(made, names[0], 2_000)
            stage.hand_out(made)
            path.write_text(page(samples))
    print(f"{path} is written.")


if __name__ == "__main__":
    main()
