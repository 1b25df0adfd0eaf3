"""Makes the three demo folders from the full sets they were drawn from.

    python demo/select_samples.py SOURCE

SOURCE holds the folders recipes, convincing and pandalm in the pilot format. The draw is random with a fixed seed: nobody
looked at the labels to choose. What is kept out, and why, stands in demo/README.md.
"""

import argparse
import csv
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED = 20240613
PAIRS = 300
PEOPLE_A_PAIR = 5
DEMO = Path(__file__).resolve().parent

Row = dict[str, Any]

# A visitor of any age may see the demo: a coarse list of words is enough, it need not be just.
UNFIT = re.compile(
    r"\b(gay|whores?|sluts?|bitch\w*|porn\w*|sexy|sexist|sexual(?! orientation)\w*|sex with|fuck\w*|shit\w*|asse?s?|"
    r"god ?damn|damn|piss\w*|crap|retard\w*|fag\w*|nigg\w*|cunt\w*|rape\w*|idiots?|morons?)\b",
    re.IGNORECASE,
)
PERSONAL = re.compile(r"\d{3}-\d{3}-\d{4}|[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo folders from the full sets.")
    parser.add_argument("source", type=Path, help="folder that holds recipes, convincing and pandalm")
    source = parser.parse_args().source
    choosers = {"recipes": all_recipes, "convincing": pairs_of_every_debate, "pandalm": random_pairs}
    for name, choose in choosers.items():
        write_demo(source / name, DEMO / name, choose)


def all_recipes(samples: list[Row], labels: list[Row], chance: random.Random) -> list[Row]:
    """Every recipe, in the order of the source."""
    return samples


def pairs_of_every_debate(samples: list[Row], labels: list[Row], chance: random.Random) -> list[Row]:
    """As many pairs of each debate, judged by exactly five people, in random order."""
    people = Counter(row["sample_id"] for row in labels)
    debates: dict[str, list[Row]] = defaultdict(list)
    for sample in samples:
        if people[sample["sample_id"]] == PEOPLE_A_PAIR:
            debates[sample["messages"][0]["content"]].append(sample)
    chosen = [sample for pairs in debates.values() for sample in chance.sample(pairs, PAIRS // len(debates))]
    chance.shuffle(chosen)
    return chosen


def random_pairs(samples: list[Row], labels: list[Row], chance: random.Random) -> list[Row]:
    """Pairs of all, in random order."""
    return chance.sample(samples, PAIRS)


def write_demo(source: Path, target: Path, choose: Callable[[list[Row], list[Row], random.Random], list[Row]]) -> None:
    samples = [json.loads(line) for line in (source / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    tables = {path.name: read_table(path) for path in sorted(source.glob("*.csv"))}
    comments = by_sample(tables.get("comments.csv", []))
    fit = [sample for sample in samples if is_fit(sample, comments[sample["sample_id"]])]
    chosen = choose(fit, tables["labels.csv"], random.Random(SEED))  # noqa: S311 - no secret hangs on the draw
    target.mkdir(exist_ok=True)
    write_rubric(source / "rubric.json", target / "rubric.json")
    with (target / "samples.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(sample, ensure_ascii=False) + "\n" for sample in chosen)
    for name, rows in tables.items():
        write_table(target / name, rows, [sample["sample_id"] for sample in chosen])
    print(
        f"{target.name}: {len(chosen)} of {len(samples)} samples, {len(samples) - len(fit)} were not fit for the draw"
    )


def is_fit(sample: Row, comments: list[Row]) -> bool:
    """Whether every text is text and none holds a coarse word, a telephone number or an email address."""
    texts = [message["content"] for message in sample["messages"]]
    texts += [response["text"] for response in sample["responses"]]
    texts += [row["comment"] for row in comments]
    return all(isinstance(text, str) and not UNFIT.search(text) and not PERSONAL.search(text) for text in texts)


def by_sample(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["sample_id"]].append(row)
    return grouped


def write_rubric(source: Path, target: Path) -> None:
    """The rubric of the source with the titles, instructions and descriptions of demo/rubric_texts.json."""
    rubric = json.loads(source.read_text(encoding="utf-8"))
    texts = json.loads((DEMO / "rubric_texts.json").read_text(encoding="utf-8"))[rubric["name"]]
    for attribute in rubric["attributes"]:
        attribute.update(texts["attributes"][attribute["name"]])
    completed = {
        "name": rubric["name"],
        "title": texts["title"],
        "instructions": texts["instructions"],
        "ordered": False,
        "attributes": rubric["attributes"],
    }
    target.write_text(json.dumps(completed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_table(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(target: Path, rows: list[Row], ids: list[str]) -> None:
    """The rows of these samples: samples in this order, the rows of each in the order of the source."""
    grouped = by_sample(rows)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for sample_id in ids for row in grouped[sample_id])


if __name__ == "__main__":
    main()
