"""One method on one crowd, in a process of its own: `python -m bench.timed METHOD CROWD OUT`.

Runs in Concord's environment and, for the methods of other packages, in theirs. What is timed is the method alone: the
crowd is read and brought into the form that the method wants before. Tells its seconds, its processor seconds and by how
much its memory grew while it ran, and writes what it made, so that the results can be compared.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Crowd = dict[str, np.ndarray]
Made = dict[str, Any]
Prepared = Callable[[], Made]
MIB = 1024


def main(method: str, crowd: Path, out: Path) -> None:
    run = METHODS[method](dict(np.load(crowd)))
    before = forget_the_peak()
    begin, processor = time.perf_counter(), time.process_time()
    made = run()
    told = {
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - processor,
        "growth_mib": (memory("VmHWM") - before) / MIB,
        "notes": {key: value for key, value in made.items() if not isinstance(value, np.ndarray)},
    }
    arrays: dict[str, Any] = {key: value for key, value in made.items() if isinstance(value, np.ndarray)}
    np.savez(out, **arrays)
    print(json.dumps(told))


def forget_the_peak() -> int:
    """What the process has now, in KiB; the peak is counted from here (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


# --- Concord's ------------------------------------------------------------------------------------------------------
def votes_of(crowd: Crowd) -> Any:
    from consensus.votes import Votes

    samples, people, levels = crowd["counts"].tolist()
    columns = crowd["sample"], crowd["person"], crowd["level"]
    return Votes.of(*columns, level_count=levels, sample_count=samples, person_count=people)


def scale_of(crowd: Crowd, measurement: Any) -> Any:
    from consensus.scales import Scale

    return Scale(tuple(range(int(crowd["counts"][2]))), measurement)


def reading(crowd: Crowd) -> Prepared:
    return lambda: {"votes": len(votes_of(crowd))}


def majority(crowd: Crowd) -> Prepared:
    from consensus import middles

    votes, scale = votes_of(crowd), scale_of(crowd, "nominal")
    return lambda: {"value": middles.majority(votes.tally(), scale)}


def dawid_skene(crowd: Crowd) -> Prepared:
    from consensus.dawid_skene import fit_dawid_skene

    votes = votes_of(crowd)

    def run() -> Made:
        made = fit_dawid_skene(votes)
        return {"probabilities": made.probabilities, "iterations": made.iterations}

    return run


def posterior(crowd: Crowd, measurement: str) -> Prepared:
    from consensus.posterior import fit_posterior

    votes, scale = votes_of(crowd), scale_of(crowd, measurement)

    def run() -> Made:
        fitted = fit_posterior(votes, scale)
        probabilities = fitted.probabilities(votes)
        return {"probabilities": probabilities, "value": fitted.values_of(probabilities)}

    return run


def crowdlab(crowd: Crowd) -> Prepared:
    from consensus.crowdlab import crowdlab as label

    votes, scale, judged = votes_of(crowd), scale_of(crowd, "nominal"), list(crowd["judged"])

    def run() -> Made:
        made = label(votes, scale, judged)
        return {"probabilities": made.probabilities, "value": made.label.astype(float)}

    return run


def alpha(crowd: Crowd, measurement: str) -> Prepared:
    from consensus.tallies import PairTallies

    counts, scale = votes_of(crowd).tally(), scale_of(crowd, measurement)
    return lambda: {"alpha": np.array([PairTallies.of_counts(counts).alpha(scale).value])}


# --- theirs ---------------------------------------------------------------------------------------------------------
def crowd_kit(crowd: Crowd, name: str) -> Prepared:
    from crowdkit.aggregation import classification

    from bench.peers.fit import long_form

    frame = long_form(crowd)

    def run() -> Made:
        model = getattr(classification, name)().fit(frame)
        iterations = {"iterations": len(model.loss_history_)} if hasattr(model, "loss_history_") else {}
        made = {"value": model.labels_.sort_index().to_numpy(dtype=float), **iterations}
        return {**made, "probabilities": model.probas_.sort_index().sort_index(axis=1).to_numpy()}

    return run


def cleanlab(crowd: Crowd) -> Prepared:
    from bench.peers import fit

    labels, judged = fit.matrix(crowd), crowd["judged"]

    def run() -> Made:
        probabilities, value = fit.crowdlab(labels, judged)
        return {"probabilities": probabilities, "value": value.astype(float)}

    return run


def krippendorff_alpha(crowd: Crowd, measurement: str) -> Prepared:
    import krippendorff

    samples, _, levels = crowd["counts"].tolist()
    cells = crowd["sample"].astype(np.int64) * levels + crowd["level"]
    counts, domain = np.bincount(cells, minlength=samples * levels).reshape(samples, levels), np.arange(levels)
    settings: dict[str, Any] = {"value_domain": domain, "level_of_measurement": measurement}
    return lambda: {"alpha": np.array([krippendorff.alpha(value_counts=counts, **settings)])}


METHODS: dict[str, Callable[[Crowd], Prepared]] = {
    "votes": reading,
    "majority": majority,
    "dawid-skene": dawid_skene,
    "posterior nominal": lambda crowd: posterior(crowd, "nominal"),
    "posterior ordinal": lambda crowd: posterior(crowd, "ordinal"),
    "crowdlab": crowdlab,
    **{f"alpha {of}": lambda crowd, of=of: alpha(crowd, of) for of in ("nominal", "ordinal", "interval")},  # type: ignore[misc]
    "crowd-kit MajorityVote": lambda crowd: crowd_kit(crowd, "MajorityVote"),
    "crowd-kit DawidSkene": lambda crowd: crowd_kit(crowd, "DawidSkene"),
    "cleanlab CROWDLAB": cleanlab,
    **{
        f"krippendorff {of}": lambda crowd, of=of: krippendorff_alpha(crowd, of)  # type: ignore[misc]
        for of in ("nominal", "ordinal", "interval")
    },
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
