"""Which models can be asked from here, and what is known of the licence of each."""

import os
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from modelgen import registry
from modelgen.engines import embedded
from modelgen.engines.addresses import Addresses, WrongAddresses
from modelgen.model_entries import UNKNOWN, Model

Row = dict[str, Any]
PLACEHOLDER = "your-"
"""How names in ready recipes begin that stand for a model of one's own."""


def served_models() -> frozenset[str]:
    """Names only: an address is nobody's business here. Empty when the setting MODEL_SERVERS cannot be read."""
    try:
        return Addresses(settings.MODEL_SERVERS, environment=os.environ, rng=np.random.default_rng(0)).served_models()
    except WrongAddresses:
        return frozenset()


def suggestions() -> list[str]:
    """Models to choose from where one is asked for texts or scores; the embedded one only makes features."""
    return sorted(served_models() - {embedded.NAME})


def words(names: Iterable[str]) -> list[Row]:
    """Each model once: whether it is served here or only stands for one, its family, its licence, and what its outputs may be used for."""
    served = served_models()
    return [{"name": name, **_at_hand(name, served), **_licence(name)} for name in sorted(set(names))]


def _at_hand(name: str, served: Collection[str]) -> Row:
    is_served = name in served
    return {"is_served": is_served, "is_placeholder": name.startswith(PLACEHOLDER) and not is_served}


def _licence(name: str) -> Row:
    known = registry.model(name)
    tone, sentence = _may_train(known)
    return {
        "family": "" if known.family == UNKNOWN else known.family,
        "licence": known.licence,
        "tone": tone,
        "sentence": sentence,
        "note": known.note,
        "looked_at": known.looked_at,
    }


def _may_train(known: Model) -> tuple[str, str]:
    """How it is shown, and what it means for whoever trains on what the model writes."""
    match known.outputs_may_train_others:
        case "yes":
            return "fine", _("Its outputs may train other models.")
        case "no":
            return "act", _("Its licence forbids training other models on its outputs.")
        case "under conditions":
            return "unknown", _("Its outputs may train other models under conditions: %s") % known.conditions
        case _:
            return "unknown", _("Whether its outputs may train other models is unknown here. Read its licence first.")
