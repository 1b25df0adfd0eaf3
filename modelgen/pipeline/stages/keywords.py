"""Keywords: small subjects of mathematics or programming, from shipped lists, from a file or from a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from modelgen.asking import Asking
from modelgen.options import Between, FileOption
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.data import lines_of, shipped
from modelgen.pipeline.reading import read_list
from modelgen.pipeline.rows import child, distinct, first_row, joined, user
from modelgen.pipeline.stage import Row

LONGEST_KEYWORD = 80
Field = Literal["mathematics", "python"]


@dataclass(frozen=True, kw_only=True)
class ListedKeywordsOptions:
    field: Annotated[Field, "which of the shipped lists, where no keywords are given"] = "mathematics"
    keywords: Annotated[tuple[Annotated[str, Between(1, LONGEST_KEYWORD)], ...], "the keywords themselves"] = ()
    file: Annotated[FileOption | None, "a text file with one keyword a line"] = None
    count: Annotated[int | None, Between(1), "draw so many; without it all are taken"] = None


class ListedKeywords(StageBasis[ListedKeywordsOptions]):
    """Keywords that people wrote down. Asks nobody."""

    kind = "listed-keywords"
    options_type = ListedKeywordsOptions
    takes_rows = False

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        given = [*self.options.keywords, *(lines_of(self.options.file.text) if self.options.file else [])]
        words = given or shipped(f"keywords_{self.options.field}.txt")
        rows = distinct((first_row(self.kind, keyword=word[:LONGEST_KEYWORD]) for word in words), "keyword")
        if self.options.count is None or self.options.count >= len(rows):
            return rows
        return [rows[place] for place in sorted(rng.choice(len(rows), size=self.options.count, replace=False))]


@dataclass(frozen=True, kw_only=True)
class KeywordsOptions(AskingOptions):
    count: Annotated[int, Between(1, 50), "how many new keywords for each that is given"] = 10
    keep_given: Annotated[bool, "whether the given keywords go on too"] = True


class Keywords(StageBasis[KeywordsOptions]):
    """More keywords: for each that is given, its neighbours in the same field."""

    kind = "keywords"
    options_type = KeywordsOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return distinct(joined(inputs, "keyword"), "keyword")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = _KEYWORDS.format(count=self.options.count, keyword=row["keyword"])
        (reply,) = yield [self.generate([user(request)], rng)]
        near = read_list(reply, most=self.options.count, longest=LONGEST_KEYWORD)
        found = [child(row, keyword=keyword, near=row["keyword"]) for keyword in near]
        return [row, *found] if self.options.keep_given else found


_KEYWORDS = """\
A textbook has this entry in its index: {keyword}.
Name {count} further entries of the same field, as narrow as this one: ideas, methods, theorems or tools that are taught
near it. Name each once.
Answer with a numbered list and nothing else; an entry has one to six words."""
