"""Whatever order a person is shown the responses in, the same opinion is stored as the same values.

Everybody here has an opinion of texts, not of positions: they look for the text on the page (or in the answer of the
interface), and say what they think of it where it stands.
"""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import permutations

import pytest
from django.db import IntegrityError, connection, transaction
from forms import ANNOTATE, form_of, text_of
from story import NOW, PREFERENCE, claim, crowd, join, make_project, make_sample, rate, scale

from annotation.models import Annotation, Assignment
from annotation.services import claiming, leases, people

TEXTS = ["Alpha is first.", "Beta is second.", "Gamma is third."]
HELPFUL, CLEAR = scale("helpful", 0, 1, 2, 3, 4), scale("clear", 1, 2, 3)
STRONG = scale("preference", -3, -2, -1, 1, 2, 3, scope="comparison", trigger=True)
HARD = scale("hard", 0, 1, scope="sample")
PAIRS = [list(order) for order in permutations(range(2))]
THREES = [list(order) for order in permutations(range(3))]


@dataclass(frozen=True)
class Opinion:
    """What somebody thinks: helpful and clear by text; the better text, and by how much."""

    helpful: dict
    clear: dict
    better: str = ""
    by: int = 0


OPINIONS = [
    Opinion({TEXTS[0]: 4, TEXTS[1]: 1}, {TEXTS[0]: 3, TEXTS[1]: 2}, better=TEXTS[0], by=3),
    Opinion({TEXTS[0]: 0, TEXTS[1]: 4}, {TEXTS[0]: 1, TEXTS[1]: 3}, better=TEXTS[1], by=1),
    Opinion({TEXTS[0]: 2, TEXTS[1]: 3}, {TEXTS[0]: 3, TEXTS[1]: 1}, better=TEXTS[0], by=2),
]


def stored_for(opinion, texts):
    """The packed values by the sample's own order, which no service computes here."""
    of_texts = [value for text in texts for value in (opinion.helpful[text], opinion.clear[text])]
    sign = -1 if opinion.better == texts[0] else 1
    return [*of_texts, *([sign * opinion.by] if opinion.by else []), 1]


# --- the page ---------------------------------------------------------------------------------------------------
@dataclass
class Question:
    name: str
    posted_as: str = ""
    favours: dict = field(default_factory=dict)  # value -> the letter beside it
    chosen: str = ""


class Page(HTMLParser):
    """The card as somebody reads it: which text bears which letter, and what is asked beside it."""

    def __init__(self, response):
        super().__init__()
        self.letters, self.by_letter, self.whole = {}, {}, {}
        self._read, self._rated, self._question, self._value = "", "", None, ""
        self._is_letter = self._is_text = False
        self.feed(text_of(response))

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        if tag == "section" and "data-response" in about:
            self._read = about["data-response"]
        if "data-ratings-of" in about:
            self._rated = about["data-ratings-of"]
        if "verdict" in about.get("class", "").split():
            self._rated = ""
        if "data-question" in about:
            self._question = Question(about["data-question"])
            questions = self.by_letter.setdefault(self._rated, {}) if self._rated else self.whole
            questions[self._question.name] = self._question
        if tag == "input" and about.get("type") == "radio":
            self._question.posted_as, self._value = about["name"], about["value"]
            self._question.favours[self._value] = ""
            self._question.chosen = self._value if "checked" in about else self._question.chosen
        self._is_letter = about.get("class") == "letter"
        self._is_text = about.get("dir") == "auto"  # a block of a rendered text

    def handle_data(self, data):
        if self._is_text and self._read and data.strip():
            self.letters[data.strip()] = self._read
        if self._is_letter and self._question and self._value:
            self._question.favours[self._value] = data.strip()

    def handle_endtag(self, tag):
        self._is_letter = self._is_text = False
        if tag == "section":
            self._read = ""
        if tag == "label":
            self._value = ""

    @property
    def questions(self):
        return [*self.whole.values(), *(asked for of in self.by_letter.values() for asked in of.values())]

    def filled_in(self, opinion):
        """The fields as somebody of this opinion fills them in."""
        fields = {self.whole["hard"].posted_as: "1"}
        for text in opinion.helpful:
            questions = self.by_letter[self.letters[text]]
            fields[questions["helpful"].posted_as] = str(opinion.helpful[text])
            fields[questions["clear"].posted_as] = str(opinion.clear[text])
        if opinion.by:
            asked, letter = self.whole["preference"], self.letters[opinion.better]
            [value] = [v for v, favoured in asked.favours.items() if favoured == letter and abs(int(v)) == opinion.by]
            fields[asked.posted_as] = value
        return fields


def open_page(client, attributes, texts, order):
    """Ana's page of one sample whose responses are shown in this order."""
    project = make_project(attributes=attributes)
    make_sample(project, responses=texts)
    client.force_login(join(project, "ana").user)
    client.get(ANNOTATE)
    Assignment.objects.update(shown_order=order)
    return client.get(ANNOTATE)


def send(client, page, **fields):
    form = form_of(page)
    [action] = [action for action in form.actions if action.endswith(("/submit/", "/correct/"))]
    return client.post(action, {**form.hidden, **fields})


@pytest.mark.parametrize("opinion", OPINIONS, ids=lambda opinion: f"better={opinion.better[:5]}")
@pytest.mark.parametrize("order", PAIRS, ids=str)
def test_the_form_stores_one_opinion_as_the_same_values_in_either_order(client, db, order, opinion):
    page = open_page(client, [HELPFUL, CLEAR, STRONG, HARD], TEXTS[:2], order)
    seen = Page(page)
    assert list(seen.letters) == [TEXTS[place] for place in order]
    assert list(seen.letters.values()) == ["A", "B"]
    assert send(client, page, **seen.filled_in(opinion)).status_code == 302
    assert Annotation.objects.get().ratings == stored_for(opinion, TEXTS[:2])


@pytest.mark.parametrize("order", THREES, ids=str)
def test_the_form_stores_ratings_of_three_responses_by_the_response_in_any_order(client, db, order):
    opinion = Opinion(dict(zip(TEXTS, (0, 2, 4), strict=True)), dict(zip(TEXTS, (3, 1, 2), strict=True)))
    page = open_page(client, [HELPFUL, CLEAR, HARD], TEXTS, order)
    assert send(client, page, **Page(page).filled_in(opinion)).status_code == 302
    assert Annotation.objects.get().ratings == stored_for(opinion, TEXTS)


@pytest.mark.parametrize("order", THREES, ids=str)
def test_a_comparison_names_the_response_that_it_means_also_beside_a_third(client, db, order):
    """An optional comparison may stand beside three responses, of the sample's first two: negative is the one shown first."""
    page = open_page(client, [HELPFUL, {**PREFERENCE, "optional": True}], TEXTS, order)
    seen = Page(page)
    favours = seen.whole["preference"].favours if "preference" in seen.whole else {}
    earlier, later = sorted((seen.letters[TEXTS[0]], seen.letters[TEXTS[1]]))
    assert (favours["-1"], favours["1"]) == (earlier, later)


@pytest.mark.parametrize("order", PAIRS, ids=str)
def test_a_correction_shows_the_same_order_with_what_was_said_where_it_was_said(client, db, order):
    page = open_page(client, [HELPFUL, CLEAR, STRONG, HARD], TEXTS[:2], order)
    said = Page(page).filled_in(OPINIONS[0])
    send(client, page, **said)
    correction = client.get(f"/assignments/{Assignment.objects.get().pk}/correct/")
    again = Page(correction)
    assert list(again.letters) == [TEXTS[place] for place in order]
    chosen = {question.posted_as: question.chosen for question in again.questions}
    assert chosen == said
    send(client, correction, **chosen)
    assert [a.ratings for a in Annotation.objects.order_by("revision")] == [stored_for(OPINIONS[0], TEXTS[:2])] * 2


@pytest.mark.parametrize("order", PAIRS, ids=str)
def test_a_form_that_is_refused_comes_back_in_the_same_order_with_the_same_choices(client, db, order):
    page = open_page(client, [HELPFUL, CLEAR, STRONG, HARD], TEXTS[:2], order)
    said = Page(page).filled_in(OPINIONS[1])
    missing = Page(page).whole["preference"].posted_as
    refused = send(client, page, **{name: value for name, value in said.items() if name != missing})
    assert refused.status_code == 422
    again = Page(refused)
    assert list(again.letters) == [TEXTS[place] for place in order]
    assert send(client, refused, **again.filled_in(OPINIONS[1])).status_code == 302
    assert Annotation.objects.get().ratings == stored_for(OPINIONS[1], TEXTS[:2])


# --- the interface ----------------------------------------------------------------------------------------------
class Program:
    """Ana's own program, which knows texts and what it is told."""

    def __init__(self, client, user):
        self.client, self.key = client, people.issue_token(user=user, name="t", scopes=["read", "work"])

    def send(self, method, path, body=None):
        about = {} if method == "get" else {"data": json.dumps(body or {}), "content_type": "application/json"}
        return getattr(self.client, method)(f"/api/v1{path}", headers={"authorization": f"Bearer {self.key}"}, **about)

    def ratings(self, shown, opinion):
        ids = {response["text"]: response["id"] for response in shown["responses"]}
        rows = [{"attribute": "hard", "value": 1}]
        for name, values in (("helpful", opinion.helpful), ("clear", opinion.clear)):
            rows += [{"attribute": name, "response": ids[text], "value": value} for text, value in values.items()]
        if opinion.by:
            negative, _positive = shown["comparison_order"]
            sign = -1 if ids[opinion.better] == negative else 1
            rows.append({"attribute": "preference", "value": sign * opinion.by})
        return rows


@pytest.mark.parametrize("opinion", OPINIONS, ids=lambda opinion: f"better={opinion.better[:5]}")
@pytest.mark.parametrize("order", PAIRS, ids=str)
def test_the_interface_stores_one_opinion_as_the_same_values_in_either_order(client, db, order, opinion):
    project = make_project(attributes=[HELPFUL, CLEAR, STRONG, HARD])
    make_sample(project, responses=TEXTS[:2])
    ana = Program(client, join(project, "ana").user)
    claimed = ana.send("post", "/projects/recipes/claims/").json()
    Assignment.objects.update(shown_order=order)
    shown = ana.send("get", f"/assignments/{claimed['assignment']}/").json()
    assert [response["text"] for response in shown["responses"]] == [TEXTS[place] for place in order]
    body = {"ratings": ana.ratings(shown, opinion), "client_key": "k"}
    assert ana.send("post", f"/assignments/{claimed['assignment']}/submission/", body).status_code == 201
    assert Annotation.objects.get().ratings == stored_for(opinion, TEXTS[:2])
    assert Assignment.objects.get().shown_order == order


def test_the_answer_to_a_claim_shows_the_order_that_is_stored(client, db):
    project = make_project(attributes=[HELPFUL])
    for number in range(6):
        make_sample(project, f"s{number}", responses=TEXTS)
    ana = Program(client, join(project, "ana").user)
    for _ in range(6):
        claimed = ana.send("post", "/projects/recipes/claims/").json()
        lease = Assignment.objects.get(pk=claimed["assignment"])
        assert [response["text"] for response in claimed["responses"]] == [TEXTS[at] for at in lease.shown_order]
        assert ana.send("post", "/projects/recipes/claims/").json()["responses"] == claimed["responses"]
        ana.send("post", f"/assignments/{lease.pk}/skip/", {"reason": "broken"})


def test_the_page_shows_the_order_that_is_stored(client, db):
    project = make_project(attributes=[HELPFUL])
    for number in range(6):
        make_sample(project, f"s{number}", responses=TEXTS)
    client.force_login(join(project, "ana").user)
    for _ in range(6):
        seen = Page(client.get(ANNOTATE))
        lease = Assignment.objects.get(state="leased")
        assert list(seen.letters) == [TEXTS[at] for at in lease.shown_order]
        assert Page(client.get(ANNOTATE)).letters == seen.letters, "a reload shows another order"
        client.post(f"/assignments/{lease.pk}/skip/", {"reason": "broken"})


# --- how it is drawn --------------------------------------------------------------------------------------------
def test_every_order_of_three_is_drawn_and_each_is_a_permutation(db):
    project = make_project(attributes=[HELPFUL])
    samples = [make_sample(project, f"s{number}", responses=TEXTS) for number in range(40)]
    drawn = []
    for person in crowd(project, 3):
        for sample in samples:
            lease = claim(sample, by=person)
            drawn.append(lease.shown_order)
            leases.release(assignment=lease, at=NOW)
    assert all(sorted(order) == [0, 1, 2] for order in drawn)
    assert {tuple(order) for order in drawn} == set(permutations(range(3)))
    first = [order[0] for order in drawn]
    assert all(20 <= first.count(place) <= 60 for place in range(3)), "120 draws: each place first about 40 times"


def test_the_next_sample_is_shuffled_as_a_named_one_is(db):
    project = make_project(attributes=[HELPFUL])
    for number in range(30):
        make_sample(project, f"s{number}", responses=TEXTS[:2])
    orders = set()
    for person in crowd(project, 30):
        orders.add(tuple(claiming.claim_next(annotator=person, at=NOW).shown_order))
    assert orders == {(0, 1), (1, 0)}


def test_a_lease_that_is_taken_up_again_stores_the_order_that_is_shown_now(client, db):
    """Given back and claimed again, the order may be drawn anew: what is stored is what the second page shows."""
    project = make_project(attributes=[HELPFUL])
    sample = make_sample(project, responses=TEXTS)
    ana = join(project, "ana")
    client.force_login(ana.user)
    for _ in range(5):
        lease = claim(sample, by=ana)
        seen = Page(client.get(ANNOTATE))
        assert list(seen.letters) == [TEXTS[at] for at in Assignment.objects.get().shown_order]
        leases.release(assignment=lease, at=NOW)


def test_labels_do_not_depend_on_the_orders_shown(db):
    """Three people with one opinion and three different orders: the label is that opinion."""
    project = make_project(attributes=[STRONG])
    sample = make_sample(project, responses=TEXTS[:2])
    for person, order in zip(crowd(project, 3), ([0, 1], [1, 0], [1, 0]), strict=True):
        claim(sample, by=person)
        Assignment.objects.filter(annotator=person).update(shown_order=order)
        rate(sample, by=person, preference=-2)
    assert sample.labels.get(attribute="preference").human_value == -2


def test_no_word_of_the_page_tells_the_order_of_the_sample(client, db):
    """The same page, whichever order it is in: letters follow what is shown."""
    page = text_of(open_page(client, [HELPFUL, STRONG], TEXTS[:2], [1, 0]))
    assert page.index("Beta is second.") < page.index("Alpha is first.")
    assert not re.search(r'data-canonical|data-place|"shown_order"', page)


@pytest.mark.parametrize("mode", ["auto", "force_custom_plan", "force_generic_plan"])
def test_the_database_reads_the_same_layout_however_it_plans(db, mode):
    """The trigger that checks ratings walks the attributes in their order: response by response, then the whole sample."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [mode])
        for values, verdict in (([0, 1, 4, 3, 0, 2, 1], "fits"), ([4, 0, 1, 3, 0, 2, 1], "clear is 0")):
            said = "fits"
            try:
                with transaction.atomic():
                    cursor.execute(
                        "SELECT annotation_check_ratings(%s::smallint[], %s::jsonb, 3, false)",
                        [values, json.dumps([HELPFUL, CLEAR, HARD])],
                    )
            except IntegrityError as refused:
                said = str(refused)
            assert verdict in said
