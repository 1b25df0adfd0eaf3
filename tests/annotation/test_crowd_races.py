"""Random crowds, everybody at once on a connection of their own; afterwards the laws of docs/invariants.md are read from the tables.

Hypothesis draws what everybody does; the threads decide in which order. A story that went wrong once is told, also when it
goes well the next time.
"""

import pytest
from crowd import (
    Stories,
    broken_laws,
    examples,
    rows,
    tables,
    what_is_stuck,
    work_until_nothing_is_left,
    wrong_answers_about_what_is_left,
)
from crowd_people import NEITHER, House, Step, Tab, World
from hypothesis import given
from hypothesis import strategies as st
from races import together
from story import MINUTE, crowd, make_project, make_samples

from annotation.models import Project
from annotation.services import leases, people, projects

pytestmark = pytest.mark.django_db(transaction=True)
REASONS = ("broken", "personal_data", "wrong_language", "needs_expertise", "asks_identity")
NAMES = [f"person-{number:02}" for number in range(5)]
STORIES = Stories()

# --- what may happen --------------------------------------------------------------------------------------------
values = st.sampled_from([4, 4, 4, 1, 6, 3, NEITHER])
crashes = st.one_of(st.none(), st.none(), st.none(), st.integers(1, 12))


def steps(what, value=None):
    return st.builds(Step, st.just(what), st.none() if value is None else value, crashes, st.booleans())


doings = st.one_of(
    steps("work", values),
    steps("work", values),
    steps("claim"),
    steps("ahead"),
    steps("ahead"),
    steps("say", values),
    steps("again", values),
    steps("double_click", values),
    steps("old_form", values),
    steps("correct", values),
    steps("skip", st.sampled_from(REASONS[:2])),
    steps("release"),
    steps("renew"),
    steps("hold"),
)
policies = st.tuples(
    st.tuples(st.just("first_round"), st.integers(3, 4)),
    st.tuples(st.just("extra"), st.integers(1, 2)),
    st.tuples(st.just("unsettled"), st.sampled_from(["contested", "excluded"])),
    st.tuples(st.just("label_rule"), st.sampled_from(["closest-three", "mean"])),
)
happenings = st.one_of(
    steps("reap"),
    steps("pause"),
    steps("resume"),
    steps("leave", st.sampled_from(NAMES)),
    steps("come_back", st.sampled_from(NAMES)),
    steps("cap", st.sampled_from(NAMES)),
    steps("join", st.sampled_from(["late-1", "late-2"])),
    steps("add", st.sampled_from(["more-1", "more-2"])),
    steps("look_again"),
    steps("policy", policies),
)
plans = st.fixed_dictionaries(
    {
        "samples": st.integers(1, 3),
        "policy": policies,
        # A name that stands twice is a person with two tabs.
        "people": st.lists(
            st.tuples(st.sampled_from(NAMES), st.lists(doings, min_size=1, max_size=5)), min_size=2, max_size=6
        ),
        "house": st.lists(happenings, max_size=4),
    }
)


# --- the stories ------------------------------------------------------------------------------------------------
@examples(25)
@given(plan=plans)
def test_whatever_a_crowd_does_at_once_the_laws_hold(plan):
    if story := STORIES.told(plan, lambda: play(plan, World(a_project(plan)))):
        pytest.fail(story, pytrace=False)


def a_project(plan) -> Project:
    project = make_project(f"crowd-{Project.objects.count()}")
    projects.write_policy(project=project, triggers=project.policy.triggers, **dict(plan["policy"]))
    make_samples(project, plan["samples"])
    crowd(project, len(NAMES))
    return project


def play(plan, world):
    """Everybody at once, then the laws; then all work on to the end, and the laws again. Returns what is wrong."""
    tabs = [Tab(world, name) for name, _ in plan["people"]]
    scripts = [*(script for _, script in plan["people"]), plan["house"]]
    try:
        together(
            [
                lambda tab=tab, script=script: tab.play(script)
                for tab, script in zip([*tabs, House(world, "house")], scripts, strict=True)
            ]
        )
        wrong = [*what_is_wrong_now(world), *what_is_wrong_at_the_end(world)]
    except Exception as surprise:
        wrong = [f"SURPRISE {type(surprise).__name__}: {surprise}"]
    wrong += [line for line in world.journal if "UNEXPECTED" in line]
    if not wrong:
        return []
    return [*wrong, "What happened:", *(f"  {line}" for line in world.journal), "The tables:", tables(world.project)]


def what_is_wrong_now(world):
    project, at = world.project, world.now()
    return [
        *broken_laws(project),
        *lost_or_doubled(world.told),
        *(wrong_answers_about_what_is_left(project, at) if is_active(project) else []),
    ]


def what_is_wrong_at_the_end(world):
    """The project goes on, leases run out, everybody works on; whoever comes new finds what is left."""
    project, later = world.project, world.now() + 200 * MINUTE
    Project.objects.filter(pk=project.pk).update(state="active")
    leases.expire(at=later)
    wrong = [f"after the reaper: {line}" for line in wrong_answers_about_what_is_left(project, later)]
    work_until_nothing_is_left(project, later)
    wrong += [f"at the end: {line}" for line in what_is_stuck(project, later)]
    people.add_outside_people(project=project, external_ids=["new-1", "new-2", "new-3"], at=later)
    work_until_nothing_is_left(project, later)
    wrong += [f"after newcomers: {line}" for line in what_is_stuck(project, later)]
    for name, state in undecided(project):
        wrong.append(f"{name} is still {state}, though three newcomers came and worked until nothing was left")
    return wrong


def undecided(project):
    return project.samples.filter(state__in=["open", "escalated"]).values_list("external_id", "state")


def is_active(project):
    return Project.objects.get(pk=project.pk).state == "active"


def lost_or_doubled(told):
    """Acknowledged submissions that are not there as they were acknowledged, and refused ones that are."""
    for assignment, key, annotation, counted in told.receipts:
        stored = rows(
            """SELECT said.id, said.ratings[1], said.neither_valid, assignment.state FROM annotation_annotation said
            JOIN annotation_assignment assignment ON assignment.id = said.assignment_id
            WHERE assignment_id = %(assignment)s AND client_key = %(key)s""",
            assignment=assignment,
            key=key,
        )
        sent = told.sent[assignment, key]
        value = (None, True) if sent == NEITHER else (sent, False)
        if [(pk, *said) for pk, *said, _ in stored] != [(annotation, *value)]:
            yield f"LOST: {key} of assignment {assignment} was acknowledged as annotation {annotation}; stored: {stored}"
        elif stored[0][3] != ("submitted" if counted else "late"):
            yield f"UNTRUE: {key} of assignment {assignment} was told counted={counted}; it is {stored[0][3]}"
    for assignment, key in told.refused:
        acknowledged = {(assignment, key) for assignment, key, *_ in told.receipts}
        if (assignment, key) not in acknowledged and rows(
            "SELECT id FROM annotation_annotation WHERE assignment_id = %(assignment)s AND client_key = %(key)s",
            assignment=assignment,
            key=key,
        ):
            yield f"REFUSED AND STORED: {key} of assignment {assignment}"
    yield from (
        f"TWICE: {found}"
        for found in rows(
            "SELECT assignment_id, count(*) FROM annotation_annotation WHERE is_current GROUP BY 1 HAVING count(*) > 1"
        )
    )
