"""Text features: the same everywhere, finite for anything, and bounded in what they cost."""

import subprocess
import sys
import time

import numpy as np
import pytest

from modelgen.engines import embedded

PROMPT = [{"role": "user", "content": "How do I boil an egg?"}]


def named(response, messages=PROMPT):
    row = embedded.features(messages, [response])[0]
    return dict(zip(embedded.NAMED_FEATURES, row.tolist(), strict=False))


def test_one_row_a_response_in_the_order_given():
    rows = embedded.features(PROMPT, ["Boil it.", "Put the egg into boiling water for seven minutes."])

    assert rows.shape == (2, embedded.FEATURE_COUNT)
    assert rows.dtype == np.float32
    assert rows[0, 0] < rows[1, 0]


def test_a_response_has_the_same_row_whatever_stands_beside_it():
    alone = embedded.features(PROMPT, ["Seven minutes."])
    beside = embedded.features(PROMPT, ["Something else entirely.", "Seven minutes."])

    np.testing.assert_array_equal(alone[0], beside[1])


def test_no_responses_give_no_rows():
    assert embedded.features(PROMPT, []).shape == (0, embedded.FEATURE_COUNT)


def test_another_process_with_another_hash_seed_sees_the_same_numbers():
    script = (
        "from modelgen.engines.embedded import features; import sys;"
        "sys.stdout.buffer.write(features([{'role': 'user', 'content': 'Ei?'}], ['Sieben Minuten. 七分钟。']).tobytes())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert outputs == {embedded.features([{"role": "user", "content": "Ei?"}], ["Sieben Minuten. 七分钟。"]).tobytes()}


WORDS_OF_THE_CAT = [75, 186, 238]
RUNS_OF_THE_CAT = [5, 64, 126, 176, 333, 411, 430, 471, 482]


def test_hashed_columns_stay_where_they_are_or_the_revision_is_raised():
    row = embedded.features([], ["the cat"])[0, len(embedded.NAMED_FEATURES) :]

    assert embedded.REVISION == "1"
    assert np.flatnonzero(row[: embedded.WORD_BUCKETS]).tolist() == WORDS_OF_THE_CAT
    assert np.flatnonzero(row[embedded.WORD_BUCKETS :]).tolist() == RUNS_OF_THE_CAT


def test_hashed_words_and_hashed_characters_have_unit_length():
    row = embedded.features(PROMPT, ["Put the egg into boiling water."])[0, len(embedded.NAMED_FEATURES) :]

    assert np.linalg.norm(row[: embedded.WORD_BUCKETS]) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(row[embedded.WORD_BUCKETS :]) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "response",
    [
        "",
        "   \n\n ",
        "?",
        "물을 끓이고 달걀을 칠 분 동안 삶으세요.",
        "把鸡蛋放入沸水中煮七分钟。",
        "🥚🥚🥚",
        "broken \ud800 surrogate",
        {"text": "Seven minutes.", "model": "m"},
        {"role": "assistant", "content": None},
        {"messages": [{"role": "assistant", "content": "Seven minutes."}]},
        [
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Seven"}, {"type": "image_url", "image_url": {}}],
            }
        ],
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "timer", "arguments": "{}"}}],
            },
            {"role": "tool", "content": "ok"},
        ],
        [],
    ],
)
def test_whatever_a_response_may_be_its_features_are_finite(response):
    rows = embedded.features(PROMPT, [response])

    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 30


def test_one_text_is_the_same_as_text_as_a_message_and_as_parts():
    text = "Seven minutes."
    as_parts = [{"role": "assistant", "content": [{"type": "text", "text": text}]}]

    assert embedded.response_text(text) == embedded.response_text({"text": text}) == text
    assert embedded.response_text([{"role": "assistant", "content": text}]) == text
    assert embedded.response_text(as_parts) == text


def test_tool_calls_are_read_and_counted():
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "timer"}}]}

    assert "timer" in embedded.response_text([call])
    assert named([call])["log_tool_calls"] == pytest.approx(np.log(2))


def test_chinese_characters_count_as_words_of_their_own():
    assert named("煮七分钟。")["log_words"] == pytest.approx(np.log1p(4))


def test_repetition_and_copying_show():
    assert named("egg egg egg egg egg egg")["repeated_pairs"] > named("boil one egg for some time")["repeated_pairs"]
    assert named("How do I boil an egg?")["inside_prompt"] == 1.0
    assert named("Seven minutes.")["from_prompt"] == 0.0


def test_a_numbered_list_shows():
    assert named("1. Boil water.\n2. Add the egg.\n3. Wait.")["list_lines"] == pytest.approx(1.0)


@pytest.mark.parametrize("unit", ["word ", "\n", " ", "x", "- a\n", "字"])
def test_a_huge_text_costs_no_more_than_a_long_one(unit):
    huge = unit * (3_000_000 // len(unit))
    started = time.perf_counter()

    row = embedded.features([{"role": "user", "content": huge}], [huge])[0]

    assert time.perf_counter() - started < 2.0
    assert row[0] == pytest.approx(np.log1p(len(huge)), rel=1e-5)


def test_every_column_has_its_scale():
    assert embedded.COLUMN_SCALE.shape == (embedded.FEATURE_COUNT,)
    assert (embedded.COLUMN_SCALE > 0).all()
