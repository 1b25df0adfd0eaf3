"""Replays "three people, then two more where they disagree" on a pilot folder, by hand.

    python demo/recount.py FOLDER [--reserved N] [--limit N] [--json]

A second opinion on what the platform reports: it reads the raw files and imports nothing of Concord. The people of a
sample are asked in the order of labels.csv. The rule:

- Escalate when, among the first three, the range of any trigger value is above its limit: 2 points on scales of five or more
  levels, 1 on smaller ones; on nominal scales, when they are not unanimous. Then up to two more people are asked.
- An escalated sample is settled when one same set of three people lies within 1 point on every trigger value (0 on scales
  under five levels and on nominal ones). Otherwise it is contested, as is a sample with fewer than three people.
- The label is the mean of the closest three, rounded half away from zero.
- Reliability is Krippendorff's alpha on the first three ratings of every sample.
"""

import argparse
import csv
import json
import math
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np

FIRST, MORE = 3, 2

Slot = tuple[int, str]
Ratings = dict[Slot, int]


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay the rule on a pilot folder, by hand.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--reserved", type=int, default=0, help="leave out this many samples at the beginning of the file"
    )
    parser.add_argument("--limit", type=int, help="count at most this many samples after those")
    parser.add_argument("--json", action="store_true", help="print JSON with every label, for a program to compare")
    arguments = parser.parse_args()
    result = recount(arguments.folder, arguments.reserved, arguments.limit)
    if arguments.json:
        print(json.dumps(result, indent=1))
    else:
        print_report(result)


def recount(folder: Path, reserved: int, limit: int | None = None) -> dict[str, Any]:
    attributes = json.loads((folder / "rubric.json").read_text(encoding="utf-8"))["attributes"]
    ids = [json.loads(line)["sample_id"] for line in (folder / "samples.jsonl").open(encoding="utf-8")]
    ids = ids[reserved:][:limit]
    named = read_people(folder)
    people = {sample_id: list(by_person.values()) for sample_id, by_person in named.items()}
    replays = {sample_id: replay(people[sample_id], attributes) for sample_id in ids}
    states = Counter(replay["state"] for replay in replays.values())
    asked = sum(replay["asked"] for replay in replays.values())
    escalated = sum(replay["escalated"] for replay in replays.values())
    first_rounds = {sample_id: people[sample_id][:FIRST] for sample_id in ids}
    return {
        "folder": folder.name,
        "samples": len(ids),
        "reserved": reserved,
        "annotations_recorded": sum(len(people[sample_id]) for sample_id in ids),
        "annotations_replayed": asked,
        "labels_per_sample": asked / len(ids),
        "escalated": escalated,
        "share_escalated": escalated / len(ids),
        "resolved": states["resolved"],
        "contested": states["contested"],
        "alpha": {a["name"]: alpha(first_rounds, a) for a in attributes},
        "judges": judge_agreement(folder, first_rounds),
        "by_sample": {
            sample_id: replay | {"people": list(named[sample_id])[: replay["asked"]]}
            for sample_id, replay in replays.items()
        },
    }


def read_people(folder: Path) -> dict[str, dict[str, Ratings]]:
    """{sample id: {person: ratings}}, people in the order of their first row."""
    rows: dict[str, dict[str, Ratings]] = defaultdict(dict)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ratings = rows[row["sample_id"]].setdefault(row["annotator_id"], {})
            ratings[int(row.get("response") or 0), row["attribute"]] = int(row["value"])
    return rows


def replay(people: list[Ratings], attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """What the rule makes of one sample: how many were asked, whether more were, its state and its labels."""
    by_name = {a["name"]: a for a in attributes}
    triggers = [a["name"] for a in attributes if a.get("trigger")] or list(by_name)
    first = people[:FIRST]
    slots = sorted({slot for ratings in first for slot in ratings})
    trigger_slots = [slot for slot in slots if slot[1] in triggers]
    disagree = any(spread(first, slot) > limit_of(by_name[slot[1]], "escalate_above") for slot in trigger_slots)
    asked = people[: FIRST + MORE] if disagree else first
    settled = len(asked) >= FIRST and (not disagree or is_settled(asked, trigger_slots, by_name))
    labels = {}
    if settled:
        three = closest_three(asked, trigger_slots, by_name)
        labels = {f"{slot[0]}/{slot[1]}": rounded_mean([r[slot] for r in three]) for slot in slots}
    return {
        "asked": len(asked),
        "escalated": disagree,
        "state": "resolved" if settled else "contested",
        "labels": labels,
    }


def limit_of(attribute: dict[str, Any], name: str) -> float:
    """The limit that the rubric gives, else the default of the scale, in points."""
    if attribute.get(name) is not None:
        return float(attribute[name])
    if attribute["level"] == "nominal":
        return 0
    is_long = len(attribute["values"]) >= 5
    if name == "escalate_above":
        return 2 if is_long else 1
    return 1 if is_long else 0


def spread(people: list[Ratings], slot: Slot) -> int:
    values = [ratings[slot] for ratings in people]
    return max(values) - min(values)


def is_settled(people: list[Ratings], slots: list[Slot], by_name: dict[str, Any]) -> bool:
    return any(
        all(spread(list(three), slot) <= limit_of(by_name[slot[1]], "settle_within") for slot in slots)
        for three in combinations(people, FIRST)
    )


def closest_three(people: list[Ratings], slots: list[Slot], by_name: dict[str, Any]) -> tuple[Ratings, ...]:
    """The three with the least sum of pairwise differences, each over its scale's range.

    Of equals, those whose mean is nearest the mean of all; of these, the earliest.
    """

    def scaled(ratings: Ratings) -> np.ndarray:
        scales = [[level["value"] for level in by_name[name]["values"]] for _, name in slots]
        return np.array([ratings[s] / (max(v) - min(v)) for s, v in zip(slots, scales, strict=True)])

    points = [scaled(ratings) for ratings in people]
    middle = np.mean(points, axis=0)

    def key(three: tuple[int, ...]) -> tuple[float, float]:
        apart = sum(float(np.abs(points[i] - points[j]).sum()) for i, j in combinations(three, 2))
        off = float(np.abs(np.mean([points[i] for i in three], axis=0) - middle).sum())
        return round(apart, 9), round(off, 9)

    return tuple(people[i] for i in min(combinations(range(len(people)), FIRST), key=key))


def rounded_mean(values: list[int]) -> int:
    """The mean, rounded half away from zero."""
    mean = sum(values) / len(values)
    return int(math.copysign(math.floor(abs(mean) + 0.5), mean))


def alpha(first_rounds: dict[str, list[Ratings]], attribute: dict[str, Any]) -> float | None:
    """Krippendorff's alpha at the attribute's level, a unit being one sample (one response of it); None if undefined."""
    levels = sorted(value["value"] for value in attribute["values"])
    units = []
    for people in first_rounds.values():
        for slot in sorted({slot for ratings in people for slot in ratings if slot[1] == attribute["name"]}):
            counted = Counter(ratings[slot] for ratings in people if slot in ratings)
            units.append([counted[level] for level in levels])
    used = np.array(units).sum(axis=0)
    if (used > 0).sum() < 2:
        return None
    counts = np.array(units)[:, used > 0]
    domain = [level for level, times in zip(levels, used, strict=True) if times]
    return float(krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=attribute["level"]))


def judge_agreement(folder: Path, first_rounds: dict[str, list[Ratings]]) -> dict[str, dict[str, float]]:
    """For each judge, the share of (person, judge) pairs with the same value, over all first-round ratings."""
    path = folder / "judgments.csv"
    if not path.exists():
        return {}
    pairs: dict[str, list[bool]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            slot = int(row.get("response") or 0), row["attribute"]
            people = first_rounds.get(row["sample_id"], [])
            pairs[row["judge"]] += [ratings[slot] == int(row["value"]) for ratings in people if slot in ratings]
    return {judge: {"pairs": len(same), "agreement": sum(same) / len(same)} for judge, same in pairs.items()}


def print_report(result: dict[str, Any]) -> None:
    print(f"{result['folder']}: {result['samples']} samples ({result['reserved']} reserved)")
    print(f"  annotations recorded {result['annotations_recorded']}, replayed {result['annotations_replayed']}")
    print(f"  labels per sample {result['labels_per_sample']:.4f}")
    print(f"  escalated {result['escalated']} ({result['share_escalated']:.4f})")
    print(f"  resolved {result['resolved']}, contested {result['contested']}")
    for name, value in result["alpha"].items():
        print(f"  alpha of {name} on first rounds: {'undefined' if value is None else f'{value:.4f}'}")
    for judge, figures in result["judges"].items():
        print(f"  {judge} and people: {figures['agreement']:.4f} of {figures['pairs']} pairs equal")


if __name__ == "__main__":
    main()
