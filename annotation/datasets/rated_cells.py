"""The columns that labels.csv, judgments.csv and gold.csv share, checked against the samples and the rubric."""

from collections.abc import Iterable
from sys import intern

from .bad_row import BadRow, Place
from .fields import identifier, whole_number
from .reading import JsonObject
from .samples import Sample

ROUNDING = 1e-6
RESPONSE_REMEDY = "Write the position of the response, counted from 0."

Cells = dict[str, str]
Slot = tuple[str, str, str, int | None]


class ResponseCounts:
    """Which samples there are and how many responses each has."""

    def __init__(self, rows: Iterable[Sample | BadRow]) -> None:
        self._counts: dict[str, int] = {}
        self._all_readable = True
        for row in rows:
            if isinstance(row, BadRow):
                self._all_readable = False
            else:
                self._counts[intern(row.sample_id)] = len(row.responses)

    def of(self, cells: Cells, at: Place) -> tuple[str, int]:
        """The id of the sample that the row is about and its number of responses; raises BadRow when unknown."""
        sample_id = intern(identifier(cells["sample_id"], "sample_id", at))
        if sample_id in self._counts:
            return sample_id, self._counts[sample_id]
        if self._all_readable:
            remedy = "Add the sample there, or remove this row."
            raise at.bad("sample_id", sample_id, "samples.jsonl has no sample {value}", remedy)
        problem = "no readable line of samples.jsonl is the sample {value}"
        raise at.bad("sample_id", sample_id, problem, "Put samples.jsonl right first.")


class RatedCells:
    """Reads sample, attribute, response and value of a row."""

    def __init__(self, attributes: list[JsonObject], counts: ResponseCounts) -> None:
        self._counts = counts
        self._per_response = {intern(a["name"]): a["scope"] == "response" for a in attributes}
        self._levels = {a["name"]: sorted(value["value"] for value in a["values"]) for a in attributes}

    def read(self, cells: Cells, at: Place) -> tuple[str, str, int | None, int]:
        """(sample id, attribute, response index or None, value); raises BadRow."""
        sample_id, response_count = self._counts.of(cells, at)
        attribute = self._attribute(cells["attribute"], at)
        response = self._response(cells.get("response", ""), attribute, response_count, at)
        return sample_id, attribute, response, self._value(cells["value"], attribute, at)

    def _attribute(self, name: str, at: Place) -> str:
        if name not in self._per_response:
            remedy = f"The rubric has: {', '.join(self._per_response)}."
            raise at.bad("attribute", name, "the rubric has no attribute {value}", remedy)
        return intern(name)

    def _response(self, text: str, attribute: str, response_count: int, at: Place) -> int | None:
        if not self._per_response[attribute]:
            if text.strip():
                problem = f"{attribute} is not rated per response, but the cell holds {{value}}"
                raise at.bad("response", text, problem, "Leave the cell empty.")
            return None
        if text.strip():
            return response_index(text, response_count, at)
        if response_count > 1:
            problem = f"{attribute} is rated per response and this sample has {response_count}, but the cell is empty"
            raise at.bad("response", text, problem, RESPONSE_REMEDY)
        return 0

    def _value(self, text: str, attribute: str, at: Place) -> int:
        levels = self._levels[attribute]
        scale = f"{attribute} takes: {', '.join(map(str, levels))}."
        value = whole_number(text, "value", at, f"{scale} Leave the row out when nothing was given.")
        if value not in levels:
            raise at.bad("value", value, "{value} is not on the scale", scale)
        return value


def response_index(text: str, response_count: int, at: Place) -> int:
    """The 0-based index that the cell holds, one of the sample's responses; raises BadRow."""
    index = whole_number(text, "response", at, RESPONSE_REMEDY)
    if not 0 <= index < response_count:
        problem = f"there is no response {{value}}: this sample has {response_count}"
        raise at.bad("response", index, problem, RESPONSE_REMEDY)
    return index


class SaidByJudges:
    """What each judge said of each slot so far: one value, or several whose probabilities add up to at most 1."""

    def __init__(self) -> None:
        self._said: dict[Slot, tuple[set[int], float | None]] = {}

    def add(self, slot: Slot, value: int, probability: float | None, at: Place) -> None:
        """Take one more row; raises BadRow when it contradicts an earlier one."""
        values, total = self._said.get(slot, (set(), 0.0))
        judge = slot[1]
        if value in values:
            problem = f"{judge} already gave {slot[2]} the value {{value}} for this sample"
            raise at.bad("value", value, problem, "Keep one row for each value.")
        if values and (probability is None or total is None):
            problem = f"{judge} gave {slot[2]} of this sample another value already"
            raise at.bad("value", value, problem, "Keep one value, or give the probability of each.")
        total = None if probability is None or total is None else total + probability
        if total is not None and total > 1 + ROUNDING:
            problem = f"the probabilities of {judge} for {slot[2]} of this sample add up to {total:.3f}"
            raise at.bad("probability", probability, problem, "They may add up to 1 at most.")
        self._said[slot] = (values | {value}, total)
