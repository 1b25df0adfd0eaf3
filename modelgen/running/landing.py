"""Where the rows of a finished recipe go: samples of the project, ready for people, or a data set version that says what it is."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from annotation.datasets.bad_row import BadRow, Place
from annotation.datasets.samples import Sample as PilotSample
from annotation.datasets.samples import parse_sample
from annotation.services import importing, versions
from modelgen import registry
from modelgen.chance import chance
from modelgen.models import Run
from modelgen.pipeline.recipe import Result
from modelgen.pipeline.stage import Row

LONGEST_ID = 200


class CannotLand(ValueError):
    """The last stage's rows are not what the recipe's result asks for; the message says what they lack."""


def land(run: Run, result: Result | None, rows: Iterable[Row], *, at: datetime) -> dict[str, Any]:
    """Bring rows to where they go; returns what came of it, for people. Twice is once. Raises CannotLand, VersionFailed."""
    if result is None:
        return {}
    rows = iter(rows)
    if (first := next(rows, None)) is None:
        raise CannotLand(
            "The last stage made no rows, so there is nothing to land. Look at what the stages before it left out."
        )
    rows = chain([first], rows)
    if result.to == "samples":
        return {"samples": importing.add_samples(project=run.project, samples=_samples(run, result.prefix, rows))}
    kept = list(rows)
    version = versions.publish_machine_made(
        project=run.project, contents=_files(kept), about=about(run), by=run.started_by, at=at
    )
    return {"version": version.number, "rows": len(kept)}


def about(run: Run) -> dict[str, Any]:
    """What a machine-generated version says of itself: its recipe, its models with their licences, the rounds before."""
    stages = [place.stage for place in run.places.select_related("stage").order_by("position")]
    names = sorted({model for stage in stages for model in stage.models_asked})
    return {
        "made_by": "models",
        "run": run.pk,
        "title": run.title,
        "recipe": run.recipe,
        "stages": [stage.configuration for stage in stages],
        "models": [model_words(name) for name in names],
        "lineage": run.lineage,
    }


def model_words(name: str) -> dict[str, str]:
    """What is known of a model, in words; what is not known is said to be unknown."""
    known = registry.model(name)
    return {
        "name": name,
        "family": known.family,
        "licence": known.licence,
        "outputs_may_train_others": str(known.outputs_may_train_others),
    }


# --- samples --------------------------------------------------------------------------------------------------------
def _samples(run: Run, prefix: str, rows: Iterable[Row]) -> Iterator[PilotSample]:
    words = _made_by(run)
    for number, row in enumerate(rows, 1):
        try:
            yield parse_sample(_sample_row(words, prefix, row), Place(f"stage {run.places.last().name}", number))  # type: ignore[union-attr]
        except BadRow as bad:
            raise CannotLand(f"The row {row['id']} cannot become a sample: {bad}") from bad


def _made_by(run: Run) -> dict[str, Any]:
    """Where a sample comes from, so that an export says it without this database: models, revisions, sampling, prompt versions."""
    places = run.places.select_related("stage").order_by("position")
    stages = [
        {"stage": place.name, "kind": place.stage.kind, "digest": place.stage.digest}
        | {key: place.stage.configuration[key] for key in ("version", "models", "seed")}
        for place in places
        if place.stage.models_asked
    ]
    return {"run": run.pk, "recipe": run.title, "recipe_digest": run.digest, "stages": stages, "lineage": run.lineage}


def _sample_row(run_words: dict[str, Any], prefix: str, row: Row) -> dict[str, Any]:
    """A row as a line of samples.jsonl. What was said of it by models goes into its metadata, which people do not see."""
    if not row.get("responses"):
        raise CannotLand(
            f"The row {row['id']} has no responses, so there is nothing to judge. Add a `responses` stage to the recipe, or "
            "let its result go to a version."
        )
    said = {key: value for key, value in row.items() if key not in ("id", "messages", "responses", "tools", "metadata")}
    sample = {
        "sample_id": external_id(prefix, row["id"]),
        "messages": row["messages"],
        "responses": _in_no_order(row["id"], [_response(response) for response in row["responses"]]),
        "metadata": {**row.get("metadata", {}), "made_by": {**run_words, "row": said}},
    }
    return {**sample, "tools": row["tools"]} if row.get("tools") else sample


def _response(response: dict[str, Any]) -> dict[str, Any]:
    family = response.get("family") or registry.family_of(str(response.get("model") or ""))
    return {**response, "family": family} if family else response


def _in_no_order(row_id: str, responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In an order that has nothing to do with who wrote them: annotators see a response's place, and could learn from it."""
    chance(row_id, "responses").shuffle(responses)
    return responses


def external_id(prefix: str, row_id: str) -> str:
    """The row's own id, or where that is too long its beginning and a digest of all of it."""
    full = prefix + row_id
    if len(full) <= LONGEST_ID:
        return full
    return f"{full[: LONGEST_ID - 17]}-{hashlib.blake2b(full.encode(), digest_size=8).hexdigest()}"


# --- versions -------------------------------------------------------------------------------------------------------
def _files(rows: list[Row]) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    yield "rows.jsonl", rows
    pairs = [row for row in rows if row.get("chosen") is not None and row.get("rejected") is not None]
    yield "trl/preference.jsonl", map(_preference, pairs) if _all_have_rewards(pairs) else map(_plain_preference, pairs)


def _all_have_rewards(pairs: list[Row]) -> bool:
    return all(isinstance(row.get(f"{which}_reward"), int | float) for row in pairs for which in ("chosen", "rejected"))


def _plain_preference(row: Row) -> dict[str, Any]:
    """Explicit prompt, conversational: what DPOTrainer and RewardTrainer load as it is."""
    return {"prompt": row["messages"], "chosen": _turns(row["chosen"]), "rejected": _turns(row["rejected"])}


def _preference(row: Row) -> dict[str, Any]:
    """The same with both rewards, in every row of a file or in none."""
    rewards = {f"{which}_reward": float(row[f"{which}_reward"]) for which in ("chosen", "rejected")}
    return {**_plain_preference(row), **rewards}


def _turns(response: Any) -> list[dict[str, str]]:
    if isinstance(response, dict):
        return response.get("messages") or [{"role": "assistant", "content": response["text"]}]
    return [{"role": "assistant", "content": str(response)}]
