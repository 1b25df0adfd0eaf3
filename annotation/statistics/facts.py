"""What is counted of a sample, read from its rows as it is now: one statement for some thousand samples, a JSON list for each.

The text is kept beside the sums (CountedSample), so that a sample can be taken out again exactly as it was put in. Samples
that are not for work have no facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from annotation.models import Guideline
from annotation.statistics.rules import MODELS, Rules

STATES = ("open", "escalated", "contested", "resolved", "excluded")  # a fact names the place in here

FIXED, ESCALATED, DISAGREED, BY_JUDGES = 1, 2, 4, 8  # flags of a sample
COUNTED, IN_LABEL, NEITHER = 1, 2, 4  # flags of an annotation
UNSURE, RELATIVE = 1, 2  # flags of a judgment
MISSING = -32768  # no rating, as a number

# Each of these says that what the first round had said did not decide the sample (docs/states.md).
NOT_ENOUGH = ("first_round_disagreed", "outcome_open", "not_yet_confident", "nobody_left", "ambiguous", "unsettled")

_DAY = "floor(extract(epoch FROM {}) / 86400)::int"

# The parts of a sample's list, in the order that `counting` reads. Texts are put together, which is several times as quick as
# building JSON value by value.
FACTS = f"""
SELECT sample.id, concat('[',
    array_position(%(states)s::text[], sample.state::text) - 1, ',',
    sample.is_fixed_overlap::int * {FIXED} + COALESCE(event.escalated, 0) * {ESCALATED}
        + COALESCE(event.disagreed, 0) * {DISAGREED} + (label.by_judges AND sample.state = 'resolved')::int * {BY_JUDGES}, ',',
    {_DAY.format("sample.created_at")}, ',',
    ('x' || left(md5(content.prompt_digest), 15))::bit(60)::bigint, ',',
    sample.response_count, ',[', event.moves, '],[', said.annotations, '],[', judged.judgments, '],[', decided.causes,
    '],', (SELECT COALESCE(json_agg(field), '[]') FROM unnest(ARRAY[{{fields}}]::text[]) field), ']')
FROM annotation_sample sample
JOIN annotation_samplecontent content ON content.sample_id = sample.id
LEFT JOIN LATERAL (
    SELECT max((event.target = 'escalated')::int) AS escalated,
        max((event.reason = ANY(%(not_enough)s::text[]))::int) AS disagreed,
        string_agg(concat({_DAY.format("event.at")}, ',', array_position(%(states)s::text[], event.target::text) - 1), ','
            ORDER BY event.id) FILTER (WHERE event.source <> event.target) AS moves
    FROM annotation_sampleevent event WHERE event.sample_id = sample.id
) event ON true
LEFT JOIN LATERAL (
    SELECT COALESCE(bool_or(label.routing_fit_id IS NOT NULL), false) AS by_judges,
        array_agg(DISTINCT chosen.id) AS chosen
    FROM annotation_consensuslabel label LEFT JOIN LATERAL unnest(label.annotations) AS chosen (id) ON true
    WHERE label.sample_id = sample.id AND label.is_current
) label ON true
LEFT JOIN LATERAL (
    SELECT string_agg(concat('[', assignment.annotator_id, ',',
        (assignment.state = 'submitted')::int * {COUNTED} + COALESCE(annotation.id = ANY(label.chosen), false)::int * {IN_LABEL}
            + annotation.neither_valid::int * {NEITHER}, ',',
        annotation.round, ',', {_DAY.format("COALESCE(assignment.finished_at, annotation.submitted_at)")}, ',', COALESCE(annotation.active_seconds, -1), ',',
        width_bucket(annotation.submitted_at, %(guidelines)s::timestamptz[]), ',', annotation.rubric_id, ',',
        COALESCE(assignment.shown_order[1], 0), ',',
        array_to_string(annotation.ratings, ',', '{MISSING}'), ']'), ',' ORDER BY assignment.id) AS annotations
    FROM annotation_assignment assignment
    JOIN annotation_annotation annotation ON annotation.assignment_id = assignment.id AND annotation.is_current
    WHERE assignment.sample_id = sample.id AND assignment.state IN ('submitted', 'late') AND NOT assignment.is_gold
) said ON true
LEFT JOIN LATERAL (
    SELECT string_agg(concat('[', judgment.judge_id, ',', judgment.is_unsure::int * {UNSURE}
        + judgment.is_relative::int * {RELATIVE}, ',', array_to_string(judgment.ratings, ',', '{MISSING}'), ']'), ','
        ORDER BY judgment.judge_id) AS judgments
    FROM annotation_judgment judgment WHERE judgment.sample_id = sample.id AND judgment.rubric_id = %(rubric)s
) judged ON true
LEFT JOIN LATERAL (
    SELECT string_agg(to_json(decision.cause)::text, ',' ORDER BY decision.id) AS causes
    FROM annotation_decision decision WHERE decision.sample_id = sample.id AND decision.cause <> ''
) decided ON true
WHERE sample.id = ANY(%(samples)s::bigint[]) AND sample.project_id = %(project)s AND sample.purpose = 'work'
"""  # noqa: S608  put together from constants of this file

_MODELS = """(SELECT CASE WHEN count(*) = count(nullif(response ->> 'model', '')) THEN
    string_agg(response ->> 'model', ' + ' ORDER BY response ->> 'model' COLLATE "C") END
    FROM jsonb_array_elements(content.responses) response)"""


@dataclass(frozen=True)
class Reader:
    """Reads facts under the same rules, some thousand samples at once."""

    project: int
    rules: Rules

    def read(self, samples: Sequence[int]) -> dict[int, str]:
        """Sample id -> its facts; without those that have none."""
        names = list(self.rules.fields)
        values = {f"field_{place}": name for place, name in enumerate(names)}
        fields = ", ".join(_field(name, key) for key, name in values.items())
        with connection.cursor() as cursor:
            cursor.execute(
                FACTS.replace("{fields}", fields),
                {
                    **values,
                    "samples": list(samples),
                    "project": self.project,
                    "rubric": self.rules.rubric,
                    "states": list(STATES),
                    "not_enough": list(NOT_ENOUGH),
                    "guidelines": self._guidelines(),
                },
            )
            return dict(cursor.fetchall())

    def _guidelines(self) -> list[object]:
        """When each version of the guideline came, in order: so many had come when somebody submitted."""
        of_project = Guideline.objects.filter(project=self.project).order_by("version")
        return list(of_project.values_list("created_at", flat=True))


def _field(name: str, key: str) -> str:
    """The value of a field of the metadata, as a text; `models` where the metadata has no such field."""
    of_metadata = f"left(content.metadata ->> %({key})s, 200)"
    return f"COALESCE({of_metadata}, {_MODELS})" if name == MODELS else of_metadata
