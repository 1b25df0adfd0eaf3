"""`manage.py simulate`: what policies would have cost on a folder, as a table, as JSON and as a picture."""

import json
import os
import random
import subprocess
import sys
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pilot_files import sample_row

ROOT = Path(__file__).parents[2]
PEOPLE = ["ana", "ben", "cem", "dia", "eva", "fay"]


def labels(seed=1):
    """Six people on twelve samples of two responses; most of them see what there is to see."""
    chance = random.Random(seed)  # noqa: S311
    rows = ["sample_id,annotator_id,response,attribute,value"]
    for sample in range(12):
        for person in PEOPLE:
            for response in (0, 1):
                rows.append(
                    f"s{sample},{person},{response},helpfulness,{min(4, max(0, sample % 4 + chance.choice([-1, 0, 0, 1])))}"
                )
            rows.append(f"s{sample},{person},,preference,{(-1) ** sample if chance.random() < 0.8 else 0}")
    return "\n".join(rows) + "\n"


GOLD = "sample_id,attribute,value\n" + "".join(f"s{sample},preference,{(-1) ** sample}\n" for sample in range(12))


@pytest.fixture
def folder(write_folder):
    samples = [sample_row(f"s{n}", messages=[{"role": "user", "content": f"Question {n}?"}]) for n in range(12)]
    return lambda **files: write_folder(samples=samples, labels=labels(), **files)


def simulate(folder, *options):
    told, aside = StringIO(), StringIO()
    call_command("simulate", str(folder), "--draws", "3", *options, stdout=told, stderr=aside)
    return told.getvalue()


def test_a_table_of_cost_and_quality_with_baselines(folder):
    told = simulate(folder(), "--policy", "spread", "--rule", "mean")
    for word in ("spread", "always 1", "always 5", "labels a", "absolute", "agreement", "always 5"):
        assert word in told
    assert "12 samples of 12 prompts, 6 people, replayed 3 times in random orders" in told


def test_json_has_every_figure_with_its_interval_and_the_paired_difference(folder):
    found = json.loads(simulate(folder(), "--policy", "confidence:target=.8", "--rule", "posterior", "--json"))
    assert (found["against"], found["reference"]) == ("left_out_people", "always 5")
    confidence = found["results"][-1]
    assert confidence["policy"] == "confidence:target=0.8"
    assert confidence["labels"]["low"] <= confidence["labels"]["value"] <= confidence["labels"]["high"]
    gain = confidence["gain"]
    assert gain["labels_saved"]["value"] == pytest.approx(1 - confidence["labels"]["value"] / 5)
    assert set(gain["quality"]) == {"agreement", "absolute_error"}


def test_gold_is_compared_with_where_there_is_gold(folder):
    found = json.loads(simulate(folder(gold=GOLD), "--policy", "sequential", "--rule", "majority", "--json"))
    assert found["against"] == "gold"
    assert set(found["results"][0]["quality"]) == {"agreement"}  # gold knows of the preference alone


def test_a_picture_for_each_measure(folder, tmp_path):
    simulate(folder(), "--policy", "spread", "--picture", str(tmp_path / "cost.svg"))
    for name in ("cost.svg", "cost-absolute_error.svg"):
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")  # noqa: S314 (our own)


def test_the_recorded_order_is_replayed_where_the_rubric_says_so(write_folder, folder):
    assert "in random orders" in simulate(folder(), "--policy", "spread")
    path = folder()
    rubric = json.loads((path / "rubric.json").read_text())
    (path / "rubric.json").write_text(json.dumps({**rubric, "ordered": True}))
    assert "in the recorded order" in simulate(path, "--policy", "spread")


def test_a_pair_that_cannot_work_is_left_out_and_the_table_says_why(folder):
    told = " ".join(
        simulate(folder(), "--policy", "spread", "--policy", "sequential", "--policy", "confidence").split()
    )
    assert "Left out: sequential:" not in told
    assert "Left out: sequential stops when the majority" in told
    assert "│ sequential" not in told


def test_what_has_no_label_has_a_column_of_its_own(folder):
    assert "unlabelled" not in simulate(folder(), "--policy", "spread", "--rule", "mean")
    path = folder()
    rows = [row for row in labels().splitlines() if "s0" not in row or row.startswith(("s0,ana", "s0,ben", "s0,cem"))]
    (path / "labels.csv").write_text("\n".join(rows) + "\n")  # two to ask of the first sample, one being kept back
    told = simulate(path, "--policy", "spread", "--rule", "closest-three")
    assert told.count("unlabelled") == 2  # the column, and the note that names it


def test_intervals_are_spoken_of_where_there_are_any(folder, write_folder):
    assert "In brackets" in simulate(folder(), "--policy", "spread")
    same = [sample_row(f"s{n}", messages=[{"role": "user", "content": "Question?"}]) for n in range(12)]
    told = simulate(write_folder(samples=same, labels=labels()), "--policy", "spread")
    assert "In brackets" not in told
    assert "With 1 prompt there are no intervals" in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--policy", "luck"], "no policy 'luck'"),
        (["--policy", "fixed"], "fixed needs overlap"),
        (["--policy", "spread", "--seed", "-1"], "The seed is -1"),
        (["--policy", "confidence:target=2"], "target 2.0"),
        (["--policy", "confidence", "--rule", "closest-three"], "closest-three needs 3 people"),
        (["--policy", "spread", "--rule", "guess"], "no label rule 'guess'"),
        (["--policy", "spread", "--draws", "0"], "0 draws"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_a_sentence(folder, options, says):
    with pytest.raises(CommandError, match=says):
        simulate(folder(), *options)


def test_a_picture_that_cannot_be_written_is_refused_before_the_replays(folder, tmp_path):
    picture = tmp_path / "nowhere" / "cost.svg"
    path = folder()
    (path / "labels.csv").write_text("not a table that could be replayed")
    with pytest.raises(CommandError, match=r"nowhere/cost.svg cannot be written"):
        simulate(path, "--picture", str(picture))


def test_a_simulation_that_fails_leaves_no_picture_behind(folder, tmp_path):
    with pytest.raises(CommandError, match="no label rule 'guess'"):
        simulate(folder(), "--policy", "spread", "--rule", "guess", "--picture", str(tmp_path / "pictures.svg"))
    assert not [file for file in tmp_path.iterdir() if file.name.endswith((".svg", ".part"))]


def test_it_needs_no_database(folder, tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:9/none"}
    environment |= {"REDIS_URL": "redis://127.0.0.1:9/0", "CONCORD_VAR": str(tmp_path / "var")}
    command = [sys.executable, "manage.py", "simulate", str(folder()), "--policy", "spread", "--draws", "1"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "spread" in done.stdout
