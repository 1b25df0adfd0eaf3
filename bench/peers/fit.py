"""Runs inside the peers' own environment: fits one of their methods to votes that lie in a file, a line a request.

    python fit.py  <-  {"method": "GLAD", "votes": "votes.npz", "out": "out.npz", "limit": 120}
                   ->  {"seconds": 1.2, "problem": null}

votes.npz: sample, person, level (R,) whole numbers; counts: samples, people, levels; judged (J, N, L), J may be 0.
out.npz: probabilities (N, L) and value (N,), the index of the level that the method itself gives; NaN and -1 where it gave none.
It knows nothing of Concord. What the packages print goes to standard error.
"""

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

CROWD_KIT = ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MMSR", "MACE")
Fitted = tuple[np.ndarray, np.ndarray]


class TooSlow(Exception):
    """The fit took longer than the request allows."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    signal.signal(signal.SIGALRM, too_slow)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    given = dict(np.load(request["votes"]))
    fit = prepared(request["method"], given)
    signal.setitimer(signal.ITIMER_REAL, request["limit"])
    begin = time.perf_counter()
    try:
        probabilities, value = fit()
    except TooSlow:
        return {"seconds": None, "problem": f"not ready after {request['limit']:g} s"}
    except Exception as problem:  # whatever a package of somebody else's raises is told, and the others go on
        return {"seconds": None, "problem": f"{type(problem).__name__}: {problem}"[:200]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    seconds = time.perf_counter() - begin
    np.savez(request["out"], probabilities=probabilities, value=value)
    return {"seconds": seconds, "problem": None}


def too_slow(*_: object) -> None:
    raise TooSlow


def prepared(method: str, given: dict[str, np.ndarray]) -> Callable[[], Fitted]:
    """The fit itself; what is made before it is the form of input that the package wants."""
    if method == "CROWDLAB":
        labels, judged = matrix(given), given["judged"]
        return lambda: crowdlab(labels, judged)
    frame = long_form(given)
    samples, _, levels = given["counts"].tolist()
    return lambda: crowd_kit(method, frame, samples, levels)


def long_form(given: dict[str, np.ndarray]) -> Any:
    import pandas

    return pandas.DataFrame({"task": given["sample"], "worker": given["person"], "label": given["level"].astype(int)})


def matrix(given: dict[str, np.ndarray]) -> np.ndarray:
    """(samples, people), NaN where nobody spoke, without the people who never did."""
    people, place = np.unique(given["person"], return_inverse=True)
    labels = np.full((given["counts"][0], len(people)), np.nan)
    labels[given["sample"], place] = given["level"]
    return labels


def crowd_kit(method: str, frame: Any, samples: int, levels: int) -> Fitted:
    from crowdkit.aggregation import classification

    model = getattr(classification, method)()
    made = scores_as_shares(model, frame) if method == "MMSR" else model.fit_predict_proba(frame)
    probabilities, value = np.full((samples, levels), np.nan), np.full(samples, -1)
    probabilities[made.index] = 0.0
    probabilities[np.ix_(made.index, made.columns)] = made.to_numpy()
    labels = made.idxmax(axis="columns") if method == "MACE" else model.labels_
    value[labels.index] = labels.to_numpy()
    return probabilities, value


def scores_as_shares(model: Any, frame: Any) -> Any:
    """MMSR gives scores, some below 0: what is above 0 takes the place of probabilities; where nothing is, its label."""
    scores = model.fit_predict_score(frame).clip(lower=0)
    labels = model.labels_.reindex(scores.index)
    for level in scores.columns:
        scores.loc[(scores.sum(axis=1) <= 0) & (labels == level), level] = 1.0
    return scores.div(scores.sum(axis=1), axis=0)


def crowdlab(labels: np.ndarray, judged: np.ndarray) -> Fitted:
    """cleanlab's CROWDLAB, with one judge or an ensemble of several; the label that it calls the best."""
    from cleanlab import multiannotator as of

    rated = ~np.isnan(labels).all(axis=1)
    labels, judged = labels[rated], judged[:, rated]
    if len(judged) == 1:
        told = of.get_label_quality_multiannotator(labels, judged[0], verbose=False)
        stats = of._get_post_pred_probs_and_weights
        prior = judged[0]
    else:
        told = of.get_label_quality_multiannotator_ensemble(labels, judged, verbose=False)
        stats = of._get_post_pred_probs_and_weights_ensemble
        prior = judged
    quality = told["label_quality"]
    best, counts = quality["consensus_label"].to_numpy(), quality["num_annotations"].to_numpy()
    agreement = quality["annotator_agreement"].to_numpy()
    own, *_ = stats(labels, best, prior, counts, agreement, verbose=False)
    probabilities, value = np.full((len(rated), judged.shape[2]), np.nan), np.full(len(rated), -1)
    probabilities[rated], value[rated] = own, best
    return probabilities, value


if __name__ == "__main__":
    main()
