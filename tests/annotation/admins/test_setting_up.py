"""A project is made from a preset, asked otherwise, filled, opened to people by a link, and started: all of it written down."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from story import join

from annotation.datasets.presets import all_presets
from annotation.models import Assignment, Invitation, Membership, Project, ProjectEvent, Sample, User
from annotation.services import claiming, invitations, project_settings, projects, standing
from annotation.services.invitations import InvitationRefused
from annotation.services.project_settings import SettingsRefused
from annotation.setting_up import preview, rubric_form

LINE = '{"sample_id": "%s", "messages": [{"role": "user", "content": "Why?"}], "responses": [{"id": "a", "text": "So."}, {"id": "b", "text": "Not so."}]}\n'


@pytest.fixture
def olga(db, client):
    """Somebody who looks after the installation; the test's browser is hers."""
    olga = User.objects.create_user("olga", password="a quiet morning", is_staff=True)
    client.force_login(olga)
    return olga


@pytest.fixture
def tea(olga, client):
    """A project of hers that asks which of two is better."""
    client.post("/new-project/", {"preset": "preference", "title": "Tea", "slug": "tea"})
    return Project.objects.get(slug="tea")


def text(response):
    return response.content.decode()


def fields_of(project):
    """The rubric's form as a browser would post it unchanged."""
    fields = {}
    for at, row in enumerate(rubric_form.as_rows({"attributes": project.rubric.attributes}, "attributes")):
        names = ("title", "name", "description", "scope", "level", "values")
        fields |= {f"a{at}-{name}": row.get(name, "") for name in names}
        fields |= {f"a{at}-trigger": "on"} if row["name"] in project.policy.triggers else {}
    return fields


def test_a_project_comes_from_a_preset_paused_with_its_first_admin(olga, client):
    said = client.post("/new-project/", {"preset": "five-attributes", "title": "Long answers"}, follow=True)

    project = Project.objects.get(slug="long-answers")
    assert project.state == Project.State.PAUSED
    assert [a["name"] for a in project.rubric.attributes][:2] == ["helpfulness", "correctness"]
    assert list(project.policy.triggers) == ["helpfulness"]
    assert project.memberships.get().user == olga
    assert project.events.get().kind == "project_made"
    assert "Not started" in text(said)


@pytest.mark.parametrize("wrong", [{"title": "Tea"}, {"preset": "preference"}, {"preset": "preference", "title": "차"}])
def test_without_a_preset_a_title_or_a_short_name_nothing_is_made(olga, client, wrong):
    assert client.post("/new-project/", wrong).status_code == 422
    assert not Project.objects.exists()


def test_whoever_administers_nothing_makes_no_project(client, ana):
    client.force_login(ana.user)
    assert client.get("/new-project/").status_code == 403


@pytest.mark.parametrize("name", all_presets())
def test_every_preset_makes_a_project_whose_questions_can_be_seen(olga, client, name):
    client.post("/new-project/", {"preset": name, "title": name})

    project = Project.objects.get(slug=name)
    seen = preview.of_rubric({"attributes": project.rubric.attributes, "remarks": project.rubric.remarks})
    drawn = [q["title"] for q in (*seen["responses"][0]["questions"], *seen["of_sample"])]
    assert {a["title"] for a in project.rubric.attributes} <= set(drawn)
    assert client.get(f"/projects/{name}/setup/rubric/").status_code == 200


def test_the_form_of_a_rubric_reads_back_as_the_rubric(tea, client):
    posted = rubric_form.read(fields_of(tea), {"attributes": tea.rubric.attributes, "remarks": []})
    assert [{k: v for k, v in a.items() if k != "trigger"} for a in posted.attributes] == tea.rubric.attributes


def test_kinds_of_a_tie_survive_the_form(olga, client):
    client.post("/new-project/", {"preset": "preference-with-ties", "title": "Ties", "slug": "ties"})
    project = Project.objects.get(slug="ties")
    posted = fields_of(project) | {"a0-title": "Better?", "do": "save", "reason": "Shorter."}

    assert client.post("/projects/ties/setup/rubric/", posted).status_code == 302

    tie = Project.objects.get(slug="ties").rubric.attributes[0]["values"][1]
    assert [kind["name"] for kind in tie["kinds"]] == ["both_good", "both_bad"]


def test_a_question_is_added_seen_and_written_with_what_was_and_what_is(tea, client):
    there = fields_of(tea)
    added = client.post("/projects/tea/setup/rubric/", there | {"do": "add-attributes"})
    assert 'name="a1-title"' in text(added)
    assert tea.rubrics.count() == 1

    calm = {"a1-title": "Is it calm?", "a1-scope": "response", "a1-level": "ordinal", "a1-values": "0 = No\n1 = Yes"}
    seen = text(client.post("/projects/tea/setup/rubric/", there | calm | {"do": "preview"}))
    assert seen.count("Is it calm?") > 2  # in its field, and asked of both responses
    saved = client.post("/projects/tea/setup/rubric/", there | calm | {"do": "save", "reason": "We want calm tea."})

    assert saved.status_code == 302
    assert [a["name"] for a in Project.objects.get(slug="tea").rubric.attributes] == ["preference", "is_it_calm"]
    event = tea.events.get(kind="rubric_changed")
    assert "is_it_calm" not in event.before
    assert event.after["is_it_calm"]["values"][1]["label"] == "Yes"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"a0-values": "1 = good"}, "at least two values"),
        ({"a0-values": "-1 = left\nx = right"}, "whole number"),
        ({"a0-values": "1 = a\n2 = b"}, "needs negative values"),
        ({"a0-scope": "everything"}, "expected one of"),
    ],
)
def test_a_rubric_that_cannot_be_asked_says_why_and_keeps_what_was_typed(tea, client, wrong, said):
    answer = client.post("/projects/tea/setup/rubric/", fields_of(tea) | wrong | {"do": "save", "reason": "So."})
    assert answer.status_code == 422
    assert said in text(answer)
    assert tea.rubrics.count() == 1


def test_settings_change_together_with_a_reason_and_are_written_down(tea, olga):
    now = timezone.now()
    changed = project_settings.change(
        project=tea, by=olga, at=now, reason="We begin.", state="active", gold_rate=0.1, lease_minutes=60
    )
    assert changed == ["state", "gold_rate"]
    event = tea.events.get(kind="settings_changed")
    assert (event.before, event.after) == ({"state": "paused", "gold_rate": 0.0}, {"state": "active", "gold_rate": 0.1})
    assert event.text == "We begin."


def test_the_trail_says_in_the_words_of_the_pages_what_was_and_what_became(tea, olga, client):
    now = timezone.now()
    change = {"project": tea, "by": olga, "at": now, "reason": "We begin."}
    project_settings.change(**change, price_per_annotation=Decimal("0.40"), allows_directed_claims=True, gold_rate=0.1)
    projects.change_policy(**change, label_rule="majority", triggers={"preference": {"escalate_above": 0}})
    page = text(client.get("/projects/tea/trail/"))
    for name, before, after in (
        ("Price of an annotation", "none", "0.4"),
        ("Let programs claim a named sample", "no", "yes"),
        ("Gold samples among those handed out, per cent", "0 %", "10 %"),
        ("The label is", "the mean of the three who differ least", "the commonest value"),
    ):
        assert f'{name}: <span class="muted">{before}</span> → {after}</li>' in page
    assert "above 0, settled within" in page
    assert "price_per_annotation" not in page


@pytest.mark.parametrize(
    "wrong",
    [{"lease_minutes": 0}, {"gold_rate": 0.9}, {"pass_mark": 0.5}, {"state": "archived"}, {"title": ""}],
)
def test_settings_that_cannot_be_are_refused_whole(tea, olga, wrong):
    with pytest.raises(SettingsRefused):
        project_settings.change(project=tea, by=olga, at=timezone.now(), reason="So.", head_start_hours=9, **wrong)
    tea.refresh_from_db()
    assert tea.head_start_hours == 4


def test_the_settings_page_names_the_field_that_is_wrong(tea, client):
    posted = {"title": "Tea", "state": "active", "lease_minutes": "an hour", "gold_rate": "10", "reason": "So."}
    answer = client.post("/projects/tea/setup/settings/", posted)
    assert answer.status_code == 422
    assert "an hour" in text(answer)
    done = client.post("/projects/tea/setup/settings/", posted | {"lease_minutes": "30", "hourly_floor": "15,50"})
    assert done.status_code == 302
    tea.refresh_from_db()
    assert (tea.lease_minutes, tea.gold_rate, str(tea.hourly_floor), tea.state) == (30, 0.1, "15.50", "active")


# --- people by a link
def test_a_link_makes_a_stranger_an_annotator_once(tea, olga, client):
    made = invitations.invite(project=tea, by=olga, at=timezone.now(), role="annotator", note="the morning shift")
    assert made.secret not in str(list(Invitation.objects.values()))
    client.logout()
    address = f"/join/{made.secret}/"
    assert "Join Tea" in text(client.get(address))

    client.post(address, {"username": "nora", "password": "seven green kettles"})

    assert "Annotate" in text(client.get("/"))  # she is logged in
    assert tea.annotators.get().user.username == "nora"
    client.logout()
    late = client.post(address, {"username": "otto", "password": "seven green kettles"})
    assert "Everybody whom this link was for has joined." in text(late)
    assert not User.objects.filter(username="otto").exists()


def test_a_password_that_is_too_easy_makes_neither_account_nor_member(tea, olga, client):
    made = invitations.invite(project=tea, by=olga, at=timezone.now(), role="reviewer")
    client.logout()
    said = client.post(f"/join/{made.secret}/", {"username": "nora", "password": "1234"})
    assert said.status_code == 422
    assert not User.objects.filter(username="nora").exists()
    assert Invitation.objects.get().taken == 0


def test_with_an_account_one_press_joins_and_twice_takes_one_place(tea, olga, client):
    made = invitations.invite(project=tea, by=olga, at=timezone.now(), role="annotator", places=2)
    nora = User.objects.create_user("nora")
    client.force_login(nora)
    for _ in range(2):
        client.post(f"/join/{made.secret}/")
    assert Invitation.objects.get().taken == 1
    assert Membership.objects.filter(user=nora).count() == 1


def test_a_link_that_is_withdrawn_or_over_or_unknown_leads_nowhere(tea, olga, client):
    now = timezone.now()
    made = invitations.invite(project=tea, by=olga, at=now, role="annotator", days=1)
    with pytest.raises(InvitationRefused, match="has ended"):
        invitations.opened(secret=made.secret, at=now + timedelta(days=1))
    invitations.withdraw(invitation=made.invitation, by=olga, at=now)
    with pytest.raises(InvitationRefused, match="was withdrawn"):
        invitations.opened(secret=made.secret, at=now)
    assert client.get("/join/nonsense/").status_code == 422


def test_who_loses_a_role_does_not_come_back_by_a_link(tea, olga):
    ida, now = join(tea, "ida", role=Membership.Role.ADMIN), timezone.now()
    own = invitations.invite(project=tea, by=ida, at=now, role="admin")
    joined_by = invitations.invite(project=tea, by=olga, at=now, role="admin", places=2)
    others = invitations.invite(project=tea, by=olga, at=now, role="annotator")
    standing.take_role(project=tea, user=ida, role="admin", by=olga, reason="She moved on.", at=now)
    for made in (own, joined_by):
        with pytest.raises(InvitationRefused, match="withdrawn"):
            invitations.accept(secret=made.secret, user=ida, at=now)
    assert invitations.opened(secret=others.secret, at=now)
    Membership.objects.filter(user=olga).delete()  # by whoever looks after the installation
    with pytest.raises(InvitationRefused, match="no admin of the project any more"):
        invitations.opened(secret=others.secret, at=now)


def test_the_database_overfills_no_invitation(tea, olga):
    made = invitations.invite(project=tea, by=olga, at=timezone.now(), role="annotator")
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=made.invitation.pk).update(taken=2)


# --- samples
def upload(client, content):
    file = SimpleUploadedFile("tea.jsonl", content.encode())
    return client.post("/projects/tea/setup/import/", {"file": file})


def test_a_file_is_tried_out_and_then_taken(tea, client):
    tried = upload(client, LINE % "one" + LINE % "two")
    assert tried.context["outlook"].new == 2
    assert not Sample.objects.exists()

    client.post("/projects/tea/setup/import/", {"kept": tried.context["kept"]})

    assert set(tea.samples.values_list("external_id", flat=True)) == {"one", "two"}
    again = upload(client, LINE % "two" + LINE % "three").context["outlook"]
    assert (again.rows, again.new, again.known) == (2, 1, 1)
    assert tea.events.get(kind="samples_imported").after == {"file": "tea.jsonl", "samples": 2}


def test_every_bad_row_is_named_and_nothing_can_be_taken(tea, client):
    tried = upload(client, LINE % "one" + "{}\n" + LINE % "one" + "no json\n")
    assert tried.status_code == 422
    assert tried.context["outlook"].bad == 3
    assert tried.context["kept"] == ""
    for said in ("line 2, field sample_id", "line 3, field sample_id", "line 4"):
        assert said in text(tried)


def test_a_file_of_another_project_or_a_forged_one_is_not_taken(tea, client):
    kept = upload(client, LINE % "one").context["kept"]
    client.post("/new-project/", {"preset": "preference", "title": "Other", "slug": "other"})
    for place, name in (("other", kept), ("tea", kept[:-2] + "xx")):
        assert client.post(f"/projects/{place}/setup/import/", {"kept": name}).status_code == 422
    assert not Sample.objects.exists()


# --- leases and the trail
def test_a_stuck_lease_is_released_with_one_press_and_a_fresh_one_is_left(tea, olga, client):
    client.post("/projects/tea/setup/import/", {"kept": upload(client, LINE % "one" + LINE % "two").context["kept"]})
    Project.objects.filter(pk=tea.pk).update(state="active")
    now = timezone.now()
    nora, otto = join(tea, "nora"), join(tea, "otto")
    stuck = claiming.claim_next(annotator=nora, at=now - timedelta(hours=5))
    Assignment.objects.filter(pk=stuck.pk).update(lease_expires_at=now + timedelta(hours=1))
    fresh = claiming.claim_next(annotator=otto, at=now)

    assert "stuck" in text(client.get("/projects/tea/leases/"))
    client.post("/projects/tea/leases/release/", {"stuck": "1"})

    assert set(Assignment.objects.values_list("pk", "state")) == {(stuck.pk, "released"), (fresh.pk, "leased")}


def test_the_trail_tells_who_did_what_and_goes_back(tea, olga, client):
    ProjectEvent.objects.bulk_create(
        ProjectEvent(project=tea, kind="samples_imported", text=f"<b>{at}</b>", actor=olga, at=timezone.now())
        for at in range(60)
    )
    newest = client.get("/projects/tea/trail/")
    assert "&lt;b&gt;59&lt;/b&gt;" in text(newest)
    assert "&lt;b&gt;0&lt;/b&gt;" not in text(newest)
    assert "&lt;b&gt;0&lt;/b&gt;" in text(client.get(f"/projects/tea/trail/?before={newest.context['older']}"))
    assert len(client.get("/projects/tea/trail/?kind=project_made&by=olga").context["events"]) == 1


@pytest.mark.parametrize(
    "place", ["setup/", "setup/rubric/", "setup/settings/", "setup/invitations/", "setup/import/", "leases/"]
)
def test_who_reviews_sets_nothing_up(tea, client, place):
    client.force_login(join(tea, "rita", role=Membership.Role.REVIEWER))
    assert client.get(f"/projects/tea/{place}").status_code == 403
    assert client.get("/projects/tea/trail/").status_code == 200
