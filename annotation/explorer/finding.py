"""Find samples: a page by keyset, a count that knows when to stop, and all ids; each under a limit of time of its own.

No query counts or skips what nobody looks at. What no index serves is stopped, and the refusal says which filter it was.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from annotation.explorer.filters import Asked, Condition
from annotation.models import Project, Sample

LIMIT_MS = 2000
COUNT_LIMIT_MS = 500
COUNTED_AT_MOST = 10_000
PAGE = 50
ALL = 10_000_000
# What a filter reads beside the sample.
JOINS = {
    "document": "JOIN annotation_sampledocument document ON document.sample_id = {id}",
    "person": "JOIN annotation_assignment person ON person.sample_id = {id} AND person.annotator_id = %s"
    " AND person.state = ANY(%s)",
    "judgment": "JOIN annotation_judgment judgment ON judgment.sample_id = {id} AND judgment.judge_id = %s",
}
# The widest first: what to say when the time is up and no filter is to blame by itself.
WIDEST = (
    "id",
    "text",
    "judge",
    "imported_from",
    "imported_to",
    "decided_from",
    "decided_to",
    "spread",
    "label",
    "field",
)


class TooWide(Exception):
    """The database was stopped after its time; `name`: the filter that reads most, empty where there is none."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The search was stopped. The widest filter is {name or 'none'}; narrow it or add another.")


@dataclass(frozen=True)
class Order:
    """An order of samples: the column before the id, and whether the greatest come first."""

    column: str
    descends: bool

    @property
    def needs_facets(self) -> bool:
        return bool(self.column)


ORDERS = {
    "newest": Order("", descends=True),
    "id": Order("", descends=False),
    "disagreement": Order("facets.disagreement", descends=True),
    "priority": Order("facets.priority", descends=True),
}


@dataclass(frozen=True)
class Page:
    """Ids in order, the cursors of the pages beside it (None at an end), and how many fit on all pages.

    count: up to COUNTED_AT_MOST exactly, one more where there are more, None where counting took too long.
    """

    ids: list[int]
    before: str | None
    after: str | None
    count: int | None


@contextmanager
def in_time(asked: Asked, limit_ms: int) -> Iterator[Any]:
    """A cursor in a transaction that is stopped after so many milliseconds. Raises TooWide."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(limit_ms)])
            yield cursor
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooWide(_widest(asked)) from error
        raise


def page(
    project: Project,
    asked: Asked,
    *,
    order: str = "newest",
    after: str = "",
    before: str = "",
    size: int = PAGE,
    limit_ms: int = LIMIT_MS,
) -> Page:
    """So many samples after (or before) a cursor of an earlier page. Raises TooWide.

    Where few samples fit, all of them are found by the index and then sorted; where many do, whoever walks in order meets
    enough of them soon. How many there are is found out on the way, and no guess of the planner decides.
    """
    if asked.nothing_fits:
        return Page([], None, None, 0)
    goes_back = bool(before) and not after
    cursor = _cursor(before if goes_back else after, ORDERS[order])
    query = _Query(project, asked, ORDERS[order])
    found, count = _few(query, asked, cursor, size + 1, goes_back, min(limit_ms, COUNT_LIMIT_MS))
    if found is None:
        found = _many(query, asked, cursor, size + 1, goes_back, limit_ms // 2)
    has_more, found = len(found) > size, found[:size]
    if goes_back:
        found.reverse()
    is_first, is_last = not has_more if goes_back else not cursor, not goes_back and not has_more
    return _between(found, count, is_first=is_first, is_last=is_last)


def _few(
    query: "_Query", asked: Asked, cursor: Sequence[float], size: int, goes_back: bool, limit_ms: int
) -> tuple[list[tuple[Any, ...]] | None, int | None]:
    """The rows where all that fit are few, and how many fit as far as that was counted; None where it took too long."""
    try:
        with in_time(asked, limit_ms) as database:
            database.execute(*query.some_of_few(cursor, size, COUNTED_AT_MOST + 1, goes_back=goes_back))
            rows = database.fetchall()
    except TooWide:
        return None, None
    count = int(rows[0][0])
    return _without_count(rows) if count <= COUNTED_AT_MOST else None, count


def _many(
    query: "_Query", asked: Asked, cursor: Sequence[float], size: int, goes_back: bool, limit_ms: int
) -> list[tuple[Any, ...]]:
    """The rows met in order; where those that fit all lie at the far end, found by the index and sorted after all."""
    try:
        with in_time(asked, limit_ms) as database:
            database.execute(*query.some(cursor, size, goes_back=goes_back))
            return list(database.fetchall())
    except TooWide:
        with in_time(asked, limit_ms) as database:
            database.execute(*query.some_of_few(cursor, size, ALL, goes_back=goes_back))
            return _without_count(database.fetchall())


def _without_count(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[1:] for row in rows if row[-1] is not None]


def _between(found: Sequence[tuple[Any, ...]], count: int | None, *, is_first: bool, is_last: bool) -> Page:
    ends = ["~".join(map(repr, row)) for row in (found[0], found[-1])] if found else ["", ""]
    ids = [int(row[-1]) for row in found]
    before, after = (None if is_first or not found else ends[0]), (None if is_last or not found else ends[1])
    return Page(ids, before, after, count)


def ids_after(project: Project, asked: Asked, last: int, *, size: int, limit_ms: int) -> list[int]:
    """The next ids in their order, for whoever walks through all that fit. Raises TooWide."""
    cursor = f"{last}" if last else ""
    return page(project, asked, order="id", after=cursor, size=size, limit_ms=limit_ms).ids


def _cursor(text: str, order: Order) -> list[float]:
    """The values of a cursor; none when the text is no cursor of this order."""
    try:
        values: list[float] = [float(part) if "." in part else int(part) for part in text.split("~")]
    except ValueError:
        return []
    return values if len(values) == 1 + order.needs_facets and all(abs(value) < 2**63 for value in values) else []


def _widest(asked: Asked) -> str:
    wide = [name for name, of in asked.conditions.items() if any(condition.looks_at_all for condition in of)]
    return next(iter([*wide, *(name for name in WIDEST if name in asked.conditions), *asked.conditions]), "")


@dataclass(frozen=True)
class _Table:
    """Where a search begins: the table, the column of the sample's id, and what keeps it within the project."""

    source: str
    id: str
    of_project: str = ""


TABLES = {
    "facets": _Table("annotation_samplefacets facets", "facets.sample_id", "facets.project_id = %s"),
    "document": _Table("annotation_sampledocument document", "document.sample_id"),  # the project is among the words
    "sample": _Table("annotation_sample sample", "sample.id", "sample.project_id = %s"),
}


class _Query:
    """The SQL of a search. Every piece of it is written in this package; what somebody typed is a value."""

    def __init__(self, project: Project, asked: Asked, order: Order) -> None:
        self._project, self._asked, self._order = project, asked, order
        reads = {condition.reads for condition in asked.all} | ({"facets"} if order.needs_facets else set())
        self._first = next((name for name in ("facets", "document") if name in reads), "sample")
        self._table = TABLES[self._first]

    def some(self, cursor: Sequence[float], size: int, *, goes_back: bool) -> tuple[str, list[Any]]:
        """Rows of the order's columns with the id, in order."""
        columns = [column for column in (self._order.column, self._table.id) if column]
        descends = self._order.descends != goes_back
        sort = ", ".join(f"{column} {'DESC' if descends else 'ASC'}" for column in columns)
        where, values = self._where()
        if cursor:
            where.append(f"({', '.join(columns)}) {'<' if descends else '>'} ({', '.join(['%s'] * len(cursor))})")
            values += cursor
        end = f"ORDER BY {sort} LIMIT {size}"
        if self._is_of_states_alone:
            return self._by_state(where, values, end)
        chosen = f"SELECT {', '.join(columns)} {self._source()} WHERE {' AND '.join(where)} {end}"
        return chosen, [*self._joined(), *values]

    def some_of_few(
        self, cursor: Sequence[float], size: int, at_most: int, *, goes_back: bool
    ) -> tuple[str, list[Any]]:
        """The same rows out of all that fit, with their number first; right only where there are fewer than `at_most`."""
        columns = [column for column in (self._order.column, self._table.id) if column]
        names = ["first", "id"][-len(columns) :]
        descends = self._order.descends != goes_back
        sort = ", ".join(f"{name} {'DESC' if descends else 'ASC'}" for name in names)
        where, values = self._where()
        chosen = ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))
        found = f"SELECT {chosen} {self._source()} WHERE {' AND '.join(where)} LIMIT {at_most}"
        beyond = f"WHERE ({', '.join(names)}) {'<' if descends else '>'} ({', '.join(['%s'] * len(cursor))})"
        sorted_ = f"SELECT * FROM found {beyond if cursor else ''} ORDER BY {sort} LIMIT {size}"  # noqa: S608
        whole = f"""WITH found AS MATERIALIZED ({found}), shown AS ({sorted_})
            SELECT fit.count, shown.* FROM (SELECT count(*) FROM found) fit LEFT JOIN shown ON true ORDER BY {sort}"""  # noqa: S608
        return whole, [*self._joined(), *values, *cursor]

    @property
    def _is_of_states_alone(self) -> bool:
        return set(self._asked.conditions) <= {"state"} and self._first == "sample"

    def _by_state(self, where: list[str], values: list[Any], end: str) -> tuple[str, list[Any]]:
        """A walk along index sample_by_state for each state, and the first of them all: no index has a project's ids alone."""
        own = f"SELECT sample.id {self._source()} WHERE {' AND '.join([*where, 'sample.state = one.state'])} {end}"
        whole = f"SELECT sample.id FROM unnest(%s::text[]) one (state), LATERAL ({own}) sample {end}"  # noqa: S608
        return whole, [list(self._asked.states or Sample.State.values), *values]

    def _source(self) -> str:
        joins = [JOINS[of.reads].format(id=self._table.id) for of in self._joining()]
        if self._first != "sample" and any("sample." in condition.sql for condition in self._asked.all):
            joins.insert(0, f"JOIN annotation_sample sample ON sample.id = {self._table.id}")
        return " ".join([f"FROM {self._table.source}", *joins])

    def _joining(self) -> list[Condition]:
        return [condition for condition in self._asked.all if condition.reads not in ("", "facets", self._first)]

    def _joined(self) -> list[Any]:
        return [value for condition in self._joining() for value in condition.joined]

    def _where(self) -> tuple[list[str], list[Any]]:
        where, values = ([self._table.of_project], [self._project.pk]) if self._table.of_project else ([], [])
        told = [condition for condition in self._asked.all if condition.sql]
        where += [condition.sql for condition in told]
        values += [value for condition in told for value in condition.values]
        if self._order.column == "facets.disagreement":
            where.append("facets.disagreement IS NOT NULL")
        more, found = self._tokens() if self._first == "facets" else ([], [])
        return where + more, values + found

    def _tokens(self) -> tuple[list[str], list[Any]]:
        every = [condition.every for condition in self._asked.all if condition.every]
        one_of = [list(condition.any) for condition in self._asked.all if condition.any]
        where = (["facets.tokens @> %s::text[]"] if every else []) + ["facets.tokens && %s::text[]"] * len(one_of)
        return where, [*([every] if every else []), *one_of]
