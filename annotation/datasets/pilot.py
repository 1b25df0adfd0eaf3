"""The pilot folder: samples, and what people, judges and gold said of them, in seven small public files.

rubric.json and samples.jsonl are needed, labels.csv by whoever replays it; judgments.csv, gold.csv, training.csv and
comments.csv may be missing. Rows come out in the order of the file. Reading streams: what is kept in memory is one entry a sample (its id and its number
of responses) and, while labels are read, one entry a rating (to find a rating that stands twice).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from sys import intern
from typing import TypeVar

from .bad_row import BadRow, Place
from .fields import identifier, probability
from .rated_cells import Cells, RatedCells, ResponseCounts, SaidByJudges, response_index
from .reading import JsonObject, csv_rows, json_lines, json_object
from .rubrics import parse_rubric
from .samples import Sample, parse_sample

RUBRIC, SAMPLES, LABELS = "rubric.json", "samples.jsonl", "labels.csv"
JUDGMENTS, GOLD, TRAINING, COMMENTS = "judgments.csv", "gold.csv", "training.csv", "comments.csv"
LABEL_COLUMNS = ("sample_id", "annotator_id", "attribute", "value")
JUDGMENT_COLUMNS = ("sample_id", "judge", "attribute", "value")
GOLD_COLUMNS = ("sample_id", "attribute", "value")
COMMENT_COLUMNS = ("sample_id", "annotator_id", "comment")

Row = TypeVar("Row")
Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Label:
    """One rating by one person. response: 0-based index, None when the attribute is not rated per response."""

    sample_id: str
    annotator_id: str
    attribute: str
    value: int
    response: int | None
    extra: Cells = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedJudgment:
    """One value that a judge gave, or one of several with their probabilities (of that value, 0 to 1, or None)."""

    sample_id: str
    judge: str
    attribute: str
    value: int
    response: int | None
    probability: float | None
    extra: Cells = field(default_factory=dict)


@dataclass(frozen=True)
class GoldValue:
    """The known answer of one attribute of one sample (of one response of it). note: why it is the answer."""

    sample_id: str
    attribute: str
    value: int
    response: int | None
    note: str = ""
    extra: Cells = field(default_factory=dict)


@dataclass(frozen=True)
class Comment:
    """What a person wrote about a sample, or about one response of it."""

    sample_id: str
    annotator_id: str
    comment: str
    response: int | None
    extra: Cells = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedAnnotation:
    """All that one person said of one sample. ratings: (response index or None, attribute, value) in file order."""

    sample_id: str
    annotator_id: str
    ratings: tuple[tuple[int | None, str, int], ...]
    comment: str | None = None


@dataclass(frozen=True)
class PilotFolder:
    """A folder in the pilot format. The iterators raise BadRow at the first row that is wrong."""

    path: Path
    rubric: JsonObject

    @classmethod
    def open(cls, path: str | Path) -> "PilotFolder":
        """Read and check rubric.json; raises BadRow when the folder or one of its two needed files is missing."""
        folder = Path(path)
        if not folder.is_dir():
            remedy = f"Give the path of a folder that holds {RUBRIC} and {SAMPLES}."
            raise Place(str(folder)).bad("", None, "there is no such folder", remedy)
        for name in (RUBRIC, SAMPLES):
            if not (folder / name).is_file():
                raise _missing(folder / name)
        return cls(folder, parse_rubric(_read_object(folder / RUBRIC), Place(RUBRIC)))

    @property
    def name(self) -> str:
        return str(self.rubric["name"])

    @property
    def ordered(self) -> bool:
        """Whether the order of rows is the order in which the ratings arrived."""
        return bool(self.rubric["ordered"])

    @property
    def attributes(self) -> list[JsonObject]:
        return list(self.rubric["attributes"])

    @property
    def remarks(self) -> list[JsonObject]:
        """What is asked beside the ratings."""
        return list(self.rubric["remarks"])

    def has(self, name: str) -> bool:
        """Whether the folder holds this file, for instance has("gold.csv")."""
        return (self.path / name).is_file()

    def samples(self) -> Iterator[Sample]:
        return _strictly(self._sample_rows())

    def labels(self) -> Iterator[Label]:
        """Every rating of labels.csv; a missing labels.csv is a BadRow, as nothing could be replayed."""
        return _strictly(self._label_rows())

    def judgments(self) -> Iterator[RecordedJudgment]:
        return _strictly(self._judgment_rows())

    def gold(self) -> Iterator[GoldValue]:
        return _strictly(self._known_rows(GOLD))

    def training(self) -> Iterator[GoldValue]:
        """The known answers of samples that people are taught with."""
        return _strictly(self._known_rows(TRAINING))

    def comments(self) -> Iterator[Comment]:
        return _strictly(self._comment_rows())

    def _sample_rows(self) -> Iterator[Sample | BadRow]:
        check = _SampleCheck(self.attributes)
        item = None
        for item in json_lines(self.path / SAMPLES):
            yield item if isinstance(item, BadRow) else _built(check.read, item)
        if item is None:
            yield Place(SAMPLES).bad("", None, "the file holds no samples", "Write one JSON object on each line.")

    @cached_property
    def _response_counts(self) -> ResponseCounts:
        return ResponseCounts(self._sample_rows())

    def _label_rows(self) -> Iterator[Label | BadRow]:
        rated = RatedCells(self.attributes, self._response_counts)
        seen: set[tuple[str, str, str, int | None]] = set()

        def label(at: Place, cells: Cells) -> Label:
            sample_id, attribute, response, value = rated.read(cells, at)
            annotator = intern(identifier(cells["annotator_id"], "annotator_id", at))
            if (sample_id, annotator, attribute, response) in seen:
                problem = f"{annotator} already rated {attribute} of sample {sample_id}{_of_response(response)}"
                raise at.bad("annotator_id", annotator, problem, "Keep the one rating that counts.")
            seen.add((sample_id, annotator, attribute, response))
            return Label(sample_id, annotator, attribute, value, response, _others(cells, LABEL_COLUMNS))

        return self._rows(LABELS, LABEL_COLUMNS, label)

    def _judgment_rows(self) -> Iterator[RecordedJudgment | BadRow]:
        rated = RatedCells(self.attributes, self._response_counts)
        said = SaidByJudges()

        def judgment(at: Place, cells: Cells) -> RecordedJudgment:
            sample_id, attribute, response, value = rated.read(cells, at)
            judge = intern(identifier(cells["judge"], "judge", at))
            chance = probability(cells.get("probability", ""), "probability", at)
            said.add((sample_id, judge, attribute, response), value, chance, at)
            others = _others(cells, (*JUDGMENT_COLUMNS, "probability"))
            return RecordedJudgment(sample_id, judge, attribute, value, response, chance, others)

        return self._rows(JUDGMENTS, JUDGMENT_COLUMNS, judgment)

    def _known_rows(self, file: str) -> Iterator[GoldValue | BadRow]:
        rated = RatedCells(self.attributes, self._response_counts)
        seen: set[tuple[str, str, int | None]] = set()

        def gold(at: Place, cells: Cells) -> GoldValue:
            sample_id, attribute, response, value = rated.read(cells, at)
            if (sample_id, attribute, response) in seen:
                problem = f"{attribute} of sample {sample_id}{_of_response(response)} has a known value already"
                raise at.bad("attribute", attribute, problem, "Keep one of them.")
            seen.add((sample_id, attribute, response))
            note = cells.get("note", "").strip()
            return GoldValue(sample_id, attribute, value, response, note, _others(cells, (*GOLD_COLUMNS, "note")))

        return self._rows(file, GOLD_COLUMNS, gold)

    def _comment_rows(self) -> Iterator[Comment | BadRow]:
        counts = self._response_counts

        def comment(at: Place, cells: Cells) -> Comment:
            sample_id, response_count = counts.of(cells, at)
            annotator = intern(identifier(cells["annotator_id"], "annotator_id", at))
            text = cells.get("response", "").strip()
            response = response_index(text, response_count, at) if text else None
            return Comment(sample_id, annotator, cells["comment"], response, _others(cells, COMMENT_COLUMNS))

        return self._rows(COMMENTS, COMMENT_COLUMNS, comment)

    def _rows(
        self, name: str, columns: tuple[str, ...], build: Callable[[Place, Cells], Row]
    ) -> Iterator[Row | BadRow]:
        path = self.path / name
        if path.is_file():
            for item in csv_rows(path, required=columns):
                yield item if isinstance(item, BadRow) else _built(build, item)
        elif name == LABELS:
            yield _missing(path)


class _SampleCheck:
    """Parses samples one after the other and knows what went before: an id stands for one sample."""

    def __init__(self, attributes: list[JsonObject]) -> None:
        needed = [a["name"] for a in attributes if a["scope"] == "comparison" and not a["optional"]]
        self.comparison = needed[0] if needed else None
        self.line_by_id: dict[str, int | None] = {}

    def read(self, at: Place, data: JsonObject) -> Sample:
        sample = parse_sample(data, at)
        if sample.sample_id in self.line_by_id:
            problem = f"the id {{value}} stands already on line {self.line_by_id[sample.sample_id]}"
            raise at.bad("sample_id", sample.sample_id, problem, "Give every sample its own id.")
        self.line_by_id[sample.sample_id] = at.line
        if self.comparison and len(sample.responses) != 2:
            problem = f"{self.comparison} compares two responses, but this sample has {len(sample.responses)}"
            raise at.bad("responses", len(sample.responses), problem, "Give each sample exactly two.")
        return sample


def recorded_annotations(folder: PilotFolder) -> list[RecordedAnnotation]:
    """The rows of labels.csv, and the comments, put together by sample and person.

    In order of the first row of each (sample, person), so that the people of one sample come in the order of the file
    too. Somebody who only commented comes after them, without ratings. Several comments are joined by a line end.
    Raises BadRow.
    """
    ratings: dict[tuple[str, str], list[tuple[int | None, str, int]]] = {}
    for label in folder.labels():
        rating = (label.response, label.attribute, label.value)
        ratings.setdefault((label.sample_id, label.annotator_id), []).append(rating)
    comments: dict[tuple[str, str], list[str]] = {}
    for comment in folder.comments():
        comments.setdefault((comment.sample_id, comment.annotator_id), []).append(comment.comment)
    return [
        RecordedAnnotation(*key, tuple(ratings.get(key, ())), "\n".join(comments[key]) if key in comments else None)
        for key in ratings | comments
    ]


def validate(folder: str | Path | PilotFolder, *, limit: int = 100) -> list[BadRow]:
    """Everything that is wrong in the folder, at most `limit` rows of it; an empty list means that all can be read.

    rubric.json is checked first, as nothing else can be understood without it.
    """
    try:
        opened = folder if isinstance(folder, PilotFolder) else PilotFolder.open(folder)
    except BadRow as error:
        return [error]
    return list(islice(_bad_rows(opened), limit))


def _bad_rows(folder: PilotFolder) -> Iterator[BadRow]:
    readers: list[Callable[[], Iterator[object]]] = [folder._sample_rows]
    if folder.has(LABELS):  # not needed for an import, only for a replay
        readers.append(folder._label_rows)
    known = [partial(folder._known_rows, file) for file in (GOLD, TRAINING)]
    readers += [folder._judgment_rows, *known, folder._comment_rows]
    for rows in readers:
        yield from (row for row in rows() if isinstance(row, BadRow))


def _strictly(rows: Iterable[Row | BadRow]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, BadRow):
            raise row
        yield row


def _built(build: Callable[[Place, Parsed], Row], item: tuple[Place, Parsed]) -> Row | BadRow:
    try:
        return build(*item)
    except BadRow as error:
        return error


def _others(cells: Cells, known: tuple[str, ...]) -> Cells:
    if len(cells) <= len(known):
        return {}
    return {name: text for name, text in cells.items() if name not in known and name != "response"}


def _of_response(response: int | None) -> str:
    return "" if response is None else f", response {response}"


def _read_object(path: Path) -> JsonObject:
    at = Place(path.name)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} of the file is not UTF-8"
        raise at.bad("", None, problem, "Save the file as UTF-8.") from None
    if not text.strip():
        raise at.bad("", None, "the file is empty", 'Write {"name": ..., "attributes": [...]}.')
    return json_object(text, at)


def _missing(path: Path) -> BadRow:
    return Place(path.name).bad("", None, f"there is no such file in {path.parent}", "Put it there.")
