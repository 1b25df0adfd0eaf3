"""What a claim sends: look at the person, take a sample, and only when nothing is in the lanes look exactly.

A claim is `LOOK` and one of the `TAKE_...`. Each TAKE picks, counts, leases and moves the cursor in one statement, so that
no lock is held while Python thinks. The counters on the sample row, guarded by a CHECK, make over-assignment impossible
whatever these statements do.
"""

# Locks the person's row, so that two tabs get one sample and a cap holds; nobody waits for anybody else.
# `horizon`: every transaction below it has ended and is seen. `nothing_before`: below it nothing is left for this person;
# trusted for an hour, and never beyond the horizon (a restored database counts its transactions anew).
LOOK = """
SELECT annotator.project_id, annotator.state, annotator.is_qualified, annotator.tested_at, annotator.cap,
    annotator.held_until, annotator.weight,
    CASE WHEN annotator.cap IS NOT NULL THEN annotator.given_count - (
        SELECT count(*) FROM annotation_assignment back
        WHERE back.annotator_id = annotator.id AND back.state IN ('expired', 'released')) END AS given,
    annotator.fresh_cursor, annotator.returned_cursor, annotator.gold_cursor,
    horizon.xid AS horizon,
    CASE WHEN annotator.nothing_before <= horizon.xid AND annotator.nothing_at > now() - interval '1 hour'
        THEN annotator.nothing_before ELSE 0 END AS nothing_before,
    project.slug, project.state AS project_state, project.lease_minutes, project.shuffles_responses,
    project.shows_thinking,
    project.gold_rate, project.test_size,
    annotator.trained_at IS NULL AND annotator.user_id IS NOT NULL AND EXISTS (SELECT FROM annotation_goldanswer gold
        WHERE gold.project_id = project.id AND gold.is_current AND gold.is_served AND gold.teaches) AS trains,
    (SELECT rubric.id FROM annotation_rubric rubric WHERE rubric.project_id = project.id
        ORDER BY rubric.version DESC LIMIT 1) AS rubric,
    (SELECT policy.id FROM annotation_policy policy WHERE policy.project_id = project.id
        ORDER BY policy.version DESC LIMIT 1) AS policy,
    (SELECT array_agg(requirement.id) || 0::bigint FROM annotation_requirement requirement
        WHERE requirement.project_id = project.id AND requirement.skills <@ annotator.skills) AS requirements,
    (SELECT held.id FROM annotation_assignment held WHERE held.annotator_id = annotator.id AND held.lease_place IS NOT NULL
        ORDER BY held.lease_place LIMIT 1) AS held,
    EXISTS (SELECT FROM annotation_sample sample
        WHERE sample.project_id = project.id AND sample.state IN ('open', 'escalated') AND sample.lane_seq IS NOT NULL
            AND sample.open_slots > 0 AND sample.lane_seq > annotator.returned_cursor) AS anything_returned,
    (SELECT max(offer.id) FROM annotation_sampleoffer offer WHERE offer.annotator_id = annotator.id) AS last_offer,
    (project.gold_rate > 0 OR NOT annotator.is_qualified) AND EXISTS (SELECT FROM annotation_assignment back
        WHERE back.annotator_id = annotator.id AND back.state IN ('expired', 'released') AND back.is_gold) AS gold_returned
FROM annotation_annotator annotator
JOIN annotation_project project ON project.id = annotator.project_id
CROSS JOIN (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid) horizon
WHERE annotator.id = %(annotator)s
FOR NO KEY UPDATE OF annotator
"""

# Whether this person may have the sample: their skills suffice, no head start keeps it from them, they never had it for good.
FOR_THIS_PERSON = """
    COALESCE(sample.requirement_id, 0) = ANY(%(requirements)s::bigint[])
    AND (sample.head_start_until IS NULL OR sample.head_start_until <= %(at)s OR %(weight)s::float8 IS NULL
        OR %(weight)s::float8 >= (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY other.weight) FROM annotation_annotator other
            WHERE other.project_id = %(project)s AND other.state = 'active'))
    AND NOT EXISTS (
        SELECT FROM annotation_assignment had
        WHERE had.sample_id = sample.id AND had.annotator_id = %(annotator)s
            AND had.state NOT IN ('expired', 'released'))
"""

_TAKE = """
WITH picked AS (
    SELECT sample.id, sample.rank, sample.lane_seq, sample.response_count
    FROM {source}
    WHERE {which}
    FOR NO KEY UPDATE OF sample {patience}
), counted AS (
    UPDATE annotation_sample sample SET leased_count = sample.leased_count + 1 FROM picked WHERE sample.id = picked.id
), {leased}
"""

# The lease, and with it all that is to be shown. Where the person gave the sample back before, in place and in the order in
# which they saw it then: it may still be open on their screen.
_LEASED = """
leased AS (
    INSERT INTO annotation_assignment AS assignment (sample_id, annotator_id, state, lease_place, claimed_at,
        lease_expires_at, finished_at, shown_order, skip_reason, is_gold)
    SELECT picked.id, %(annotator)s, 'leased', %(place)s, %(at)s, %(until)s, NULL,
        (SELECT array_agg(place ORDER BY CASE WHEN %(shuffles)s THEN random() ELSE place END)
            FROM generate_series(0, picked.response_count - 1) place),
        '', {is_gold}
    FROM picked
    ON CONFLICT (sample_id, annotator_id) DO UPDATE SET state = excluded.state, lease_place = excluded.lease_place,
        claimed_at = excluded.claimed_at, lease_expires_at = excluded.lease_expires_at, finished_at = NULL,
        is_gold = excluded.is_gold
    RETURNING assignment.id, assignment.sample_id, assignment.shown_order, assignment.lease_place, assignment.is_gold,
        (xmax = 0)::int AS is_new
), moved AS (
    UPDATE annotation_annotator annotator SET given_count = annotator.given_count + leased.is_new, {cursor}
    FROM picked, leased WHERE annotator.id = %(annotator)s
)
SELECT leased.*, sample.external_id, sample.purpose, sample.response_count, content.messages, content.responses, content.tools,
    content.sensitive
FROM leased
JOIN annotation_sample sample ON sample.id = leased.sample_id
JOIN annotation_samplecontent content ON content.sample_id = leased.sample_id
"""

_RETURNED = """
    sample.project_id = %(project)s AND sample.state IN ('open', 'escalated') AND sample.lane_seq IS NOT NULL
    AND sample.open_slots > 0 AND sample.lane_seq > %(cursor)s
"""


def _take(
    which: str,
    *,
    patience: str = "SKIP LOCKED",
    cursor: str = "annotator.fresh_cursor",
    source: str = "annotation_sample sample",
) -> str:
    leased = _LEASED.format(is_gold="false", cursor=f"fresh_cursor = {cursor}")
    return _TAKE.format(source=source, which=which, patience=patience, leased=leased)


# Escalated, given back, re-prioritised: served first. Index sample_returned.
TAKE_RETURNED = _take(
    f"{_RETURNED} AND sample.priority >= 0 AND {FOR_THIS_PERSON} ORDER BY sample.priority DESC, sample.lane_seq LIMIT 1"
)

# What somebody offered to this very person, in the order in which it was offered. Index sample_offer_next.
TAKE_OFFERED = _take(
    f"""offer.annotator_id = %(annotator)s AND sample.project_id = %(project)s AND sample.state IN ('open', 'escalated')
    AND sample.open_slots > 0 AND {FOR_THIS_PERSON} ORDER BY offer.id LIMIT 1""",
    source="annotation_sampleoffer offer JOIN annotation_sample sample ON sample.id = offer.sample_id",
)

# An offer is looked at once: the one that was taken, and what stood before it and could not be had. All that were seen, where
# none could.
FORGET_OFFERS = """
DELETE FROM annotation_sampleoffer offer WHERE offer.annotator_id = %(annotator)s AND offer.id <= COALESCE(
    (SELECT taken.id FROM annotation_sampleoffer taken
        WHERE taken.sample_id = %(sample)s AND taken.annotator_id = %(annotator)s), %(cursor)s)
"""

# Open samples that never came back, in random rank, from where this person stopped. Index sample_fresh.
TAKE_FRESH = _take(
    f"""sample.project_id = %(project)s AND sample.state = 'open' AND sample.lane_seq IS NULL AND sample.open_slots > 0
    AND sample.rank > %(cursor)s AND {FOR_THIS_PERSON} ORDER BY sample.rank LIMIT 1""",
    cursor="GREATEST(annotator.fresh_cursor, picked.rank)",
)

# The exact pass before "nothing left": everything that became claimable since the last one, also what a cursor passed
# while it was locked; it waits for rows that are locked. Index sample_claimable.
TAKE_EXACTLY = _take(
    f"""sample.project_id = %(project)s AND sample.state IN ('open', 'escalated') AND sample.open_slots > 0
    AND sample.claimable_xid >= %(nothing_before)s AND {FOR_THIS_PERSON} ORDER BY sample.claimable_xid LIMIT 1""",
    patience="",
)

# A sample that the claim names, locked by the caller.
TAKE_THIS = _take(
    "sample.id = %(sample)s AND sample.state IN ('open', 'escalated') AND sample.open_slots > 0", patience=""
)

# The next gold sample that this person has not had; it has no slots, so nothing is counted. Index gold_served.
TAKE_GOLD = """
WITH picked AS (
    SELECT sample.id, sample.response_count, gold.rank
    FROM annotation_goldanswer gold
    JOIN annotation_sample sample ON sample.id = gold.sample_id
    WHERE gold.project_id = %(project)s AND gold.is_current AND gold.is_served AND NOT gold.teaches
        AND gold.rank > %(cursor)s
        AND COALESCE(sample.requirement_id, 0) = ANY(%(requirements)s::bigint[])
        AND NOT EXISTS (SELECT FROM annotation_assignment had
            WHERE had.sample_id = sample.id AND had.annotator_id = %(annotator)s)
    ORDER BY gold.rank LIMIT 1
), """ + _LEASED.format(is_gold="true", cursor="gold_cursor = picked.rank")

# A gold sample that this person gave back, or let run out: it comes to them again, as work does, or its absence would betray
# it. One whose answer is on its way is passed. Index assignment_given_back.
TAKE_GOLD_AGAIN = """
WITH picked AS (
    SELECT sample.id, sample.response_count
    FROM annotation_assignment back
    JOIN annotation_sample sample ON sample.id = back.sample_id
    WHERE back.annotator_id = %(annotator)s AND back.state IN ('expired', 'released') AND back.is_gold
        AND COALESCE(sample.requirement_id, 0) = ANY(%(requirements)s::bigint[])
        AND EXISTS (SELECT FROM annotation_goldanswer gold
            WHERE gold.sample_id = sample.id AND gold.is_current AND gold.is_served AND NOT gold.teaches)
    ORDER BY back.finished_at LIMIT 1
    FOR NO KEY UPDATE OF back SKIP LOCKED
), """ + _LEASED.format(is_gold="true", cursor="gold_cursor = annotator.gold_cursor")

# The next training sample of a newcomer, in the order of all. One that was given back comes again. Index training_served.
TAKE_TRAINING = """
WITH picked AS (
    SELECT sample.id, sample.response_count
    FROM annotation_goldanswer gold
    JOIN annotation_sample sample ON sample.id = gold.sample_id
    WHERE gold.project_id = %(project)s AND gold.is_current AND gold.is_served AND gold.teaches
        AND COALESCE(sample.requirement_id, 0) = ANY(%(requirements)s::bigint[])
        AND NOT EXISTS (SELECT FROM annotation_assignment had
            WHERE had.sample_id = sample.id AND had.annotator_id = %(annotator)s
                AND had.state NOT IN ('expired', 'released'))
    ORDER BY gold.rank LIMIT 1
), """ + _LEASED.format(is_gold="true", cursor="gold_cursor = annotator.gold_cursor")

# Go past what is in the returned lane and not for this person, so that the next claim need not look at it again; but not
# past what is for them and was only locked just now.
PASS_RETURNED = f"""
UPDATE annotation_annotator SET returned_cursor = COALESCE(
    (SELECT min(sample.lane_seq) - 1 FROM annotation_sample sample WHERE {_RETURNED} AND {FOR_THIS_PERSON}),
    (SELECT max(sample.lane_seq) FROM annotation_sample sample WHERE {_RETURNED}),
    returned_cursor)
WHERE id = %(annotator)s
"""

# Below this transaction nothing is left for the person. `horizon` was read before the exact pass, so that a sample that
# came back meanwhile is not taken for one that was looked at. What is fresh and not for them need not be passed again.
NOTHING_LEFT = """
UPDATE annotation_annotator annotator SET nothing_before = %(horizon)s, nothing_at = clock_timestamp(),
    fresh_cursor = GREATEST(annotator.fresh_cursor, (
        SELECT max(sample.rank) FROM annotation_sample sample WHERE sample.project_id = annotator.project_id
            AND sample.state = 'open' AND sample.lane_seq IS NULL AND sample.open_slots > 0))
WHERE id = %(annotator)s
"""

_RESUME = """
WITH leased AS (
    UPDATE annotation_assignment SET lease_expires_at = %(until)s
    WHERE {which} AND state = 'leased'
    RETURNING id, sample_id, shown_order, lease_place, is_gold
)
SELECT leased.*, sample.external_id, sample.purpose, sample.response_count, content.messages, content.responses, content.tools,
    content.sensitive
FROM leased
JOIN annotation_sample sample ON sample.id = leased.sample_id
JOIN annotation_samplecontent content ON content.sample_id = leased.sample_id
"""

# The lease that is held, renewed: a reload resumes.
RESUME = _RESUME.format(which="id = %(assignment)s")

# The one ahead, renewed: asking again claims nothing.
RESUME_AHEAD = _RESUME.format(which="annotator_id = %(annotator)s AND lease_place = 1")

# Of what a person holds, the one in hand: the first place, or the second when what stood before it has ended. It is renewed
# and takes the first place, so that a reload resumes it.
STAND_FIRST = """
UPDATE annotation_assignment SET lease_place = 0, lease_expires_at = %(until)s
WHERE state = 'leased' AND id = (
    SELECT held.id FROM annotation_assignment held WHERE held.annotator_id = %(annotator)s AND held.lease_place IS NOT NULL
    ORDER BY held.lease_place LIMIT 1)
RETURNING id
"""

# A lease that ran out or was given back, once more, for somebody who has the sample before their eyes: in the same order.
# A gold sample has no slots, so nothing is counted.
TAKE_AGAIN = f"""
WITH counted AS (
    UPDATE annotation_sample sample SET leased_count = sample.leased_count + 1
    WHERE sample.id = %(sample)s AND NOT %(is_gold)s AND sample.state IN ('open', 'escalated') AND sample.open_slots > 0
        AND {FOR_THIS_PERSON}
    RETURNING sample.id
)
UPDATE annotation_assignment assignment SET state = 'leased', lease_place = %(place)s, lease_expires_at = %(until)s,
    finished_at = NULL
WHERE assignment.id = %(assignment)s AND (%(is_gold)s OR EXISTS (SELECT FROM counted))
RETURNING assignment.id
"""
