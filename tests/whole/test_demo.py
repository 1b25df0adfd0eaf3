"""The demonstration on real data, held against a count of the raw files that knows nothing of Concord."""

import json

import pytest
from raw_files import LIMIT, check_against_the_raw_files, counted

pytestmark = pytest.mark.slow


def test_the_report_is_what_the_raw_files_say_and_a_second_run_adds_nothing(demo):
    expected = counted()
    demo.start("--exit", "--limit", str(LIMIT), "--report", str(demo.report))
    first = demo.finish()
    check_against_the_raw_files(demo, expected)

    report = json.loads(demo.report.read_text())["projects"]
    for slug, count in expected.items():
        samples = report[slug]["samples"]
        assert samples["annotations"] == count["annotations_replayed"]
        assert samples["states"]["resolved"] == count["resolved"]
        assert samples["states"]["contested"] == count["contested"]
        alphas = {row["attribute"]: row["alpha"]["value"] for row in report[slug]["reliability"]}
        assert alphas == pytest.approx(count["alpha"])
    equal = {row["judge"]: row["equal_share"]["value"] for row in report["pandalm"]["judges"]}
    assert {name: equal[name] for name in expected["pandalm"]["judges"]} == pytest.approx(
        {name: judge["agreement"] for name, judge in expected["pandalm"]["judges"].items()}
    )

    demo.start("--exit", "--limit", str(LIMIT))
    second = demo.finish()
    assert "0 annotations submitted" in second
    check_against_the_raw_files(demo, expected)
    assert {row[0] for row in demo.rows("SELECT number FROM annotation_datasetversion")} == {1}
    assert first != second  # new log-ins
