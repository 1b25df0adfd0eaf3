"""The written guideline: versions that stay, what changed for whom, and the page where the next one is written."""

import pytest
from django.urls import reverse
from forms import text_of
from past_the_services import add, change, refused, sql
from story import MINUTE, NOW, OVERALL, make_project, make_user, scale

from annotation import differences
from annotation.models import Annotator, Guideline, Project, ProjectEvent
from annotation.services import closing, guidelines, projects
from annotation.services.guidelines import GuidelineRefused
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.web import guideline_panel

TEXT = "# How to judge\n\nRead both.\n\nA short answer may be the best one."


@pytest.fixture
def project(db):
    return make_project(instructions=TEXT)


def write(project, text, what="Length matters less.", *, by, at=NOW, **more):
    return guidelines.write(project=project, text=text, what_changed=what, by=by, at=at, **more)


def again(project):
    """As the next request reads it."""
    return Project.objects.get(pk=project.pk)


def person(annotator):
    return Annotator.objects.select_related("project").get(pk=annotator.pk)


# --- versions ------------------------------------------------------------------------------------------------------
def test_what_a_project_is_made_with_is_its_first_version(project):
    first = project.guideline
    assert (first.version, first.text, first.what_changed, first.created_at) == (1, TEXT, "", project.created_at)


def test_a_project_without_words_has_no_guideline(db):
    assert make_project(instructions="  ").guideline is None


def test_an_admin_writes_the_next_version_and_the_history_says_who(project, ada):
    second = write(project, TEXT + "\n\nSources count.", "Sources count now.", by=ada)
    assert (second.version, second.written_by, second.what_changed) == (2, ada, "Sources count now.")
    assert project.guideline == second
    event = ProjectEvent.objects.get(project=project, kind="guideline_written")
    assert (event.text, event.actor) == ("Guideline 2. Sources count now.", ada)


def test_nobody_else_writes_it(project, rita, ana):
    for stranger in (rita, ana.user):
        with pytest.raises(NotAnAdmin):
            write(project, "Mine.", by=stranger)


def test_a_version_says_what_changed_and_something_else_than_the_last(project, ada):
    with pytest.raises(ReasonMissing, match="what changed"):
        write(project, "Another.", " ", by=ada)
    with pytest.raises(ReasonMissing, match="Write the guideline"):
        write(project, " \n ", by=ada)
    with pytest.raises(GuidelineRefused, match="Version 1 says the same"):
        write(project, TEXT.replace("\n", "\r\n"), by=ada)
    assert project.guidelines.count() == 1


def test_a_newer_version_is_never_passed_over_unread(project, ada):
    write(project, "Ada's.", by=ada, after=1)
    with pytest.raises(GuidelineRefused, match="ada wrote version 2 meanwhile"):
        write(project, "Also from version 1.", by=ada, after=1)


def test_an_archived_project_keeps_its_guideline(project, ada):
    closing.archive(project=project, by=ada, at=NOW)
    with pytest.raises(GuidelineRefused, match="archived"):
        write(project, "Too late.", by=ada)


# --- the database --------------------------------------------------------------------------------------------------
def test_a_version_is_neither_changed_nor_taken_away(project, ada):
    second = write(project, "Another.", by=ada)
    for columns in ({"text": "x"}, {"what_changed": "x"}, {"version": 3}, {"created_at": NOW + MINUTE}):
        with refused("frozen"):
            change(second, **columns)
    with refused("stays"):
        sql("DELETE FROM annotation_guideline WHERE id = %s", second.pk)
    assert change(second, written_by=None) == 1  # an account may go; what it wrote stays


def test_it_goes_with_its_project(project, ada):
    closing.delete(project=project, by=ada, at=NOW)
    assert not Guideline.objects.exists()


def test_only_the_first_version_changes_nothing(project):
    about = {"project": project, "text": "x", "created_at": NOW}
    with refused("guideline_says_what_changed"):
        add(Guideline, version=2, **about)
    with refused("guideline_says_what_changed"):
        add(Guideline, version=1, what_changed="Everything.", **about)
    with refused("guideline_version_once"):
        add(Guideline, version=1, **about)


# --- who has read what ---------------------------------------------------------------------------------------------
def test_what_one_has_opened_is_no_longer_new(project, ana, ada):
    assert guidelines.is_new_for(person(ana))
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=1)
    assert not guidelines.is_new_for(person(ana))
    write(project, TEXT + "\n\nSources count.", "Sources count now.", by=ada)
    assert guidelines.is_new_for(person(ana))
    assert [version.what_changed for version in guidelines.since(project, 1)] == ["Sources count now."]


def test_an_old_page_does_not_unread_and_a_forged_one_reads_nothing_ahead(project, ana, ada):
    write(project, "Another.", by=ada)
    guidelines.mark_read(annotator=person(ana), guideline=99, rubric=99)
    assert (person(ana).guideline_read, person(ana).rubric_read) == (2, 1)
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=-5)
    assert (person(ana).guideline_read, person(ana).rubric_read) == (2, 1)


def test_a_changed_question_is_news_too_by_its_title(project, ana, ada):
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=1)
    asked = [{**OVERALL, "description": "All in all."}, scale("depth", 0, 1, 2)]
    projects.change_rubric(project=project, by=ada, at=NOW, reason="Depth matters.", attributes=asked)
    assert guidelines.is_new_for(person(ana))
    [news] = guidelines.rubric_changes(again(project), 1)
    assert (news.version, news.added, news.changed, news.taken_out) == (2, ["Depth"], ["Overall"], [])
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=2)
    assert not guidelines.is_new_for(person(ana))


# --- differences ---------------------------------------------------------------------------------------------------
def test_a_difference_is_told_paragraph_by_paragraph():
    old = "One.\n\nTwo is a longer sentence.\n\nThree."
    new = "One.\n\nTwo is a longer, better sentence.\n\nFour is new."
    told = [(part.kind, part.old, part.new) for part in differences.difference(old, new)]
    assert told == [
        ("same", "One.", "One."),
        ("changed", "Two is a longer sentence.", "Two is a longer, better sentence."),
        ("added", "", "Four is new."),
        ("taken_out", "Three.", ""),
    ]


def test_code_between_fences_is_one_paragraph():
    code = "```python\na = 1\n\nb = 2\n```"
    assert differences.paragraphs(f"Before.\n\n{code}\n\n\nAfter.") == ["Before.", code, "After."]
    assert differences.paragraphs("~~~\nnever\n\nclosed") == ["~~~\nnever\n\nclosed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("짧은 답이 좋다, mostly.", "짧은 답도 좋다, mostly so."),
        ("短い答えが最善です。", "短い答えが最善とは限らない。"),
        ("  two  spaces\n", "two spaces"),
    ],
)
def test_words_of_a_difference_make_both_texts_again(old, new):
    pieces = differences.words(old, new)
    assert "".join(text for kind, text in pieces if kind != "added") == old
    assert "".join(text for kind, text in pieces if kind != "taken_out") == new
    assert any(kind == "same" for kind, text in pieces)


def test_a_sentence_that_grew_is_changed_and_another_one_is_another():
    assert [part.kind for part in differences.difference("Read both.", "Read both to the end.")] == ["changed"]
    assert [part.kind for part in differences.difference("短い答えが最善です。", "短い答えが最善でない。")] == [
        "changed"
    ]
    assert [part.kind for part in differences.difference("Read both.", "Sources count.")] == ["added", "taken_out"]


# --- the panel -----------------------------------------------------------------------------------------------------
def test_who_read_an_older_version_sees_what_is_new_in_this_one(project, ana, ada):
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=1)
    write(project, TEXT + "\n\nSources count.", "Sources count now.", by=ada)
    panel = guideline_panel.panel(person(ana))
    assert panel["is_new"]
    assert [block["kind"] for block in panel["blocks"]] == ["same", "added"]
    assert "Sources count." in panel["blocks"][1]["html"]


def test_a_newcomer_reads_the_text_without_the_marks_of_its_past(project, ana, ada):
    write(project, TEXT + "\n\nSources count.", "Sources count now.", by=ada)
    panel = guideline_panel.panel(person(ana))
    assert (panel["is_new"], panel["version"], panel["since"]) == (True, 2, [])
    assert [block["kind"] for block in panel["blocks"]] == ["same"]


def test_a_hostile_guideline_is_text(ana, project, ada):
    write(project, 'Read.\n\n<img src=x onerror="x()"><script>x()</script> [go](javascript:x())', by=ada)
    html = "".join(block["html"] for block in guideline_panel.panel(person(ana))["blocks"])
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_the_panel_costs_a_reader_of_the_newest_one_query(project, ana, django_assert_num_queries):
    guidelines.mark_read(annotator=person(ana), guideline=1, rubric=1)
    guideline_panel.panel(person(ana))  # from now on the process knows the text
    me = person(ana)
    assert me.project.rubric  # every card reads it
    with django_assert_num_queries(1):
        guideline_panel.panel(me)


# --- the pages -----------------------------------------------------------------------------------------------------
def url(name="guideline"):
    return reverse(f"annotation:{name}", args=["recipes"])


def test_everybody_in_the_project_reads_it_and_nobody_else(client, project, ana, rita, ada):
    for account in (ana.user, rita, ada):
        client.force_login(account)
        page = text_of(client.get(url()))
        assert "A short answer may be the best one." in page
        assert ("Write the next version" in page) == (account == ada)
    client.force_login(make_user("stranger"))
    assert client.get(url()).status_code == 404


def test_who_opened_the_page_has_read_it(client, project, ana):
    client.force_login(ana.user)
    client.get(url())
    assert (person(ana).guideline_read, person(ana).rubric_read) == (1, 1)


def test_opening_the_panel_marks_it_read(client, project, ana, rita):
    client.force_login(ana.user)
    assert client.post(url("guideline-read"), {"guideline": "1", "rubric": "1"}).status_code == 204
    assert person(ana).guideline_read == 1
    assert client.post(url("guideline-read"), {"guideline": "one"}).status_code == 204
    assert client.get(url("guideline-read")).status_code == 405
    client.force_login(rita)
    assert client.post(url("guideline-read")).status_code == 403


def test_an_admin_looks_at_the_next_version_before_writing_it(client, project, ada):
    client.force_login(ada)
    posted = {"text": TEXT + "\n\n**Sources** count.", "what_changed": "Sources.", "after": "1"}
    page = text_of(client.post(url(), posted | {"action": "preview"}))
    assert "<strong>Sources</strong> count." in page
    assert project.guidelines.count() == 1
    written = client.post(url(), posted | {"action": "write"}, follow=True)
    assert "Version 2 is what people read now." in text_of(written)
    assert again(project).guideline.text == TEXT + "\n\n**Sources** count."


def test_a_refused_version_loses_no_word(client, project, ada):
    client.force_login(ada)
    answer = client.post(url(), {"text": "A new one.", "what_changed": " ", "after": "1", "action": "write"})
    assert answer.status_code == 422
    assert "Write what changed" in text_of(answer)
    assert "A new one.</textarea>" in text_of(answer)


def test_a_reviewer_who_posts_a_version_is_refused(client, project, rita):
    client.force_login(rita)
    answer = client.post(url(), {"text": "Mine.", "what_changed": "All.", "action": "write"})
    assert answer.status_code == 422
    assert again(project).guideline.version == 1


def test_the_interface_gives_the_newest_text_and_its_version(client, project, ana, ada):
    write(project, "Another.", by=ada)
    client.force_login(ana.user)
    [told] = client.get("/api/v1/projects/").json()
    assert (told["instructions"], told["guideline"]) == ("Another.", 2)


def test_the_list_of_projects_shows_its_beginning_without_marks(client, project, ana):
    client.force_login(ana.user)
    page = text_of(client.get("/"))
    assert "How to judge" in page
    assert "# How to judge" not in page
