"""`manage.py aggregate`: a folder's labels as a file, whole or not at all, with no database in sight."""

import csv
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pilot_files import sample_row

ROOT = Path(__file__).parents[2]
LABELS = """sample_id,annotator_id,response,attribute,value
s2,ana,0,helpfulness,4
s1,ana,0,helpfulness,3
s1,ben,0,helpfulness,4
s1,cem,0,helpfulness,4
s1,ana,,preference,-1
s1,ben,,preference,1
"""


def aggregate(folder, out, *options):
    told = StringIO()
    call_command("aggregate", str(folder), "--out", str(out), *options, stdout=told, stderr=told)
    return told.getvalue()


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_row_a_value_in_the_order_of_the_folder(write_folder, tmp_path):
    out = tmp_path / "out.csv"
    told = aggregate(write_folder(labels=LABELS), out, "--rule", "mean")
    rows = rows_of(out)
    assert list(rows[0]) == ["sample_id", "response", "attribute", "value", "expected", "confidence"]
    assert [(row["sample_id"], row["response"], row["attribute"]) for row in rows] == [
        (sample, response, attribute)
        for sample in ("s1", "s2")
        for response, attribute in (("0", "helpfulness"), ("1", "helpfulness"), ("", "preference"))
    ]
    assert [row["value"] for row in rows] == ["4", "", "0", "4", "", ""]
    assert [row["expected"] for row in rows] == ["3.666666667", "", "0", "4", "", ""]
    assert rows[1]["confidence"] == ""
    assert "6 labels, 3 of them without a value" in told


def test_probabilities_of_the_levels_of_all_attributes(write_folder, tmp_path):
    out = tmp_path / "out.csv"
    aggregate(write_folder(labels=LABELS), out, "--rule", "majority", "--probabilities")
    helpfulness, _, preference, *_ = rows_of(out)
    columns = ["p_-1", "p_0", "p_1", "p_2", "p_3", "p_4"]
    assert list(helpfulness)[6:] == columns
    assert helpfulness["p_-1"] == ""
    assert [preference[column] for column in columns[3:]] == ["", "", ""]
    for row, levels in ((helpfulness, columns[1:]), (preference, columns[:3])):
        assert sum(float(row[column]) for column in levels) == pytest.approx(1)
        assert row["confidence"] == row[f"p_{row['value']}"]


def test_ids_come_back_as_they_are(write_folder, tmp_path):
    out = tmp_path / "out.csv"
    folder = write_folder(
        samples=[sample_row('=1,"ü"')],
        labels='sample_id,annotator_id,response,attribute,value\n"=1,""ü""",ana,0,helpfulness,3\n',
    )
    aggregate(folder, out, "--rule", "mean")
    assert rows_of(out)[0]["sample_id"] == '=1,"ü"'


def test_twice_is_the_same_file(write_folder, tmp_path):
    folder = write_folder(labels=LABELS)
    for name in ("one.csv", "two.csv"):
        aggregate(folder, tmp_path / name, "--rule", "posterior", "--probabilities")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_judges_weight_is_said(write_folder, tmp_path):
    judgments = "sample_id,judge,attribute,value\ns1,small,preference,1\n"
    told = aggregate(
        write_folder(labels=LABELS, judgments=judgments), tmp_path / "out.csv", "--rule", "majority", "--judgments"
    )
    assert "preference: the judges weigh 0 (too few samples)." in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rule", "best"], "no label rule 'best'. Use one of: closest-three, mean"),
        (["--rule", "mean", "--judgments"], "no judgments.csv"),
    ],
)
def test_what_cannot_be_done_is_said(write_folder, tmp_path, options, said):
    out = tmp_path / "out.csv"
    with pytest.raises(CommandError, match=said):
        aggregate(write_folder(labels=LABELS), out, *options)
    assert not out.exists()


def test_a_missing_folder_and_an_unwritable_file_are_said(write_folder, tmp_path):
    with pytest.raises(CommandError, match="no such folder"):
        aggregate(tmp_path / "nowhere", tmp_path / "out.csv", "--rule", "mean")
    folder = write_folder(labels=LABELS)
    with pytest.raises(CommandError, match="cannot be written"):
        aggregate(folder, tmp_path / "nowhere" / "out.csv", "--rule", "mean")
    with pytest.raises(CommandError, match="is not a file"):
        aggregate(folder, tmp_path, "--rule", "mean")


def test_a_bad_row_leaves_what_stood_there(write_folder, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("yesterday's")
    folder = write_folder(labels=LABELS + "s1,ana,0,helpfulness,9\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CommandError, match=r"Nothing was written\. labels\.csv line 8"):
        aggregate(folder, out, "--rule", "mean")
    assert out.read_text() == "yesterday's"
    assert sorted(tmp_path.iterdir()) == before


def test_it_needs_no_database(write_folder, tmp_path):
    folder, out = write_folder(labels=LABELS), tmp_path / "out.csv"
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:9/none"}
    environment |= {"REDIS_URL": "redis://127.0.0.1:9/0", "CONCORD_VAR": str(tmp_path / "var")}
    command = [sys.executable, "manage.py", "aggregate", str(folder), "--rule", "posterior", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(rows_of(out)) == 6
