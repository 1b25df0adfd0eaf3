"""Topics: what prompts are about. Broad ones from a model, narrower ones under each, and lists that people write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from modelgen.asking import Asking
from modelgen.options import Between, FileOption
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.data import lines_of, shipped
from modelgen.pipeline.reading import read_list
from modelgen.pipeline.rows import child, distinct, first_row, joined, user
from modelgen.pipeline.stage import Row

LONGEST_TOPIC = 120


@dataclass(frozen=True, kw_only=True)
class ListedTopicsOptions:
    topics: Annotated[tuple[Annotated[str, Between(1, LONGEST_TOPIC)], ...], "the topics themselves"] = ()
    file: Annotated[FileOption | None, "a text file with one topic a line"] = None


class ListedTopics(StageBasis[ListedTopicsOptions]):
    """Topics that people wrote down. Asks nobody."""

    kind = "listed-topics"
    options_type = ListedTopicsOptions
    takes_rows = False

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        from_file = lines_of(self.options.file.text) if self.options.file else []
        topics = [*self.options.topics, *from_file]
        return distinct((first_row(self.kind, topic=topic[:LONGEST_TOPIC]) for topic in topics), "topic")


@dataclass(frozen=True, kw_only=True)
class TopicsOptions(AskingOptions):
    count: Annotated[int, Between(1, 10_000), "about how many topics"] = 50
    at_once: Annotated[int, Between(1, 50), "how many are asked for in one request"] = 10


class Topics(StageBasis[TopicsOptions]):
    """Broad topics. Every request looks from another field of life, so that the lists differ."""

    kind = "topics"
    options_type = TopicsOptions
    takes_rows = False

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        fields = shipped("fields.txt")
        times = -(-self.options.count // self.options.at_once)
        order = [fields[place] for _ in range(-(-times // len(fields))) for place in rng.permutation(len(fields))]
        return [first_row(self.kind, field=field, round=turn) for turn, field in enumerate(order[:times])]

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        wanted = min(self.options.at_once, self.options.count - row["round"] * self.options.at_once)
        (reply,) = yield [self.generate([user(_TOPICS.format(count=wanted, field=row["field"]))], rng)]
        topics = read_list(reply, most=wanted, longest=LONGEST_TOPIC)
        return [child({"id": row["id"]}, topic=topic, field=row["field"]) for topic in topics]


@dataclass(frozen=True, kw_only=True)
class SubtopicsOptions(AskingOptions):
    count: Annotated[int, Between(1, 100), "how many subtopics each topic gets"] = 10
    keep_topics: Annotated[bool, "whether the topics themselves go on too"] = True


class Subtopics(StageBasis[SubtopicsOptions]):
    """Narrower topics under each topic; `broader` is the topic that they stand under."""

    kind = "subtopics"
    options_type = SubtopicsOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return distinct(joined(inputs, "topic"), "topic")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = _SUBTOPICS.format(count=self.options.count, topic=row["topic"])
        (reply,) = yield [self.generate([user(request)], rng)]
        narrower = read_list(reply, most=self.options.count, longest=LONGEST_TOPIC)
        found = [child(row, topic=topic, broader=row["topic"]) for topic in narrower]
        return [row, *found] if self.options.keep_topics else found


_TOPICS = """\
Name {count} broad topics that people talk about with an assistant and that have to do with this field: {field}.
Make them as unlike one another as you can, and stay with what many people do, need or wonder about.
Answer with a numbered list and nothing else; a topic has one to six words."""

_SUBTOPICS = """\
Name {count} narrower topics that belong to this one: {topic}.
Each must be a subject on its own, and they must not overlap. Go beyond the first that come to mind.
Answer with a numbered list and nothing else; a topic has two to ten words."""
