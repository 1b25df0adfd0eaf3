"""In which language and zone the pages speak to somebody, and what they can choose about it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as its_settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation
from story import make_user

from annotation import saying_times
from annotation.models import Notice, User
from annotation.services import preferences, speaking
from annotation.services.preferences import PreferencesRefused
from config.preferences import PreferencesMiddleware

EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # it is the third of March in Seoul
SETTINGS = "/settings/"


@pytest.fixture
def ana_at_home(client, ana):
    client.force_login(ana.user)
    return client


def told(person, at=EVENING):
    return Notice.objects.create(annotator=person, kind="warning", text="Quick.", created_at=at)


def shown(client, **about):
    return client.get("/projects/recipes/record/", **about).content.decode()


def live_in(person, zone):
    User.objects.filter(pk=person.user_id).update(time_zone=zone)


# --- the zone -----------------------------------------------------------------------------------------------------
def test_times_stand_in_utc_until_somebody_says_where_they_are(ana_at_home, ana):
    told(ana)
    assert "March 2, 2026, 8:30 p.m. UTC" in shown(ana_at_home)


def test_times_stand_in_the_zone_of_the_browser(ana_at_home, ana):
    told(ana)
    ana_at_home.cookies["concord_zone"] = "Asia/Seoul"
    assert "March 3, 2026, 5:30 a.m. KST" in shown(ana_at_home)


def test_the_zone_of_the_settings_goes_before_that_of_the_browser(ana_at_home, ana):
    told(ana)
    live_in(ana, "Europe/Berlin")
    ana_at_home.cookies["concord_zone"] = "Asia/Seoul"
    assert "March 2, 2026, 9:30 p.m. CET" in shown(ana_at_home)


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/localtime", "Nowhere/City", "", "Europe", "<script>"])
def test_a_cookie_that_names_no_zone_is_passed_over(ana_at_home, ana, zone):
    told(ana)
    ana_at_home.cookies["concord_zone"] = zone
    page = shown(ana_at_home)
    assert "8:30 p.m. UTC" in page
    assert "<script>" not in page


def test_a_zone_without_a_name_is_told_by_its_distance():
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        assert saying_times.clock(EVENING) == "17:30 UTC\u221203"
    with timezone.override(ZoneInfo("Asia/Kathmandu")):
        assert saying_times.clock(EVENING) == "02:15 UTC+0545"


def test_a_day_begins_at_midnight_where_the_reader_is():
    with timezone.override(ZoneInfo("Asia/Seoul")):
        assert saying_times.midnight(EVENING) == datetime(2026, 3, 2, 15, tzinfo=UTC)
        assert [str(day) for day in saying_times.last_days(EVENING, 2)] == ["2026-03-02", "2026-03-03"]
    assert saying_times.midnight(EVENING) == datetime(2026, 3, 2, tzinfo=UTC)


def test_nothing_of_a_visitor_stays_when_they_are_gone(ana):
    live_in(ana, "Asia/Seoul")
    User.objects.filter(pk=ana.user_id).update(language="ko")
    spoke = []

    def view(request):
        spoke.append((translation.get_language(), timezone.get_current_timezone_name()))
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=ana.user_id)
    before = translation.get_language(), timezone.get_current_timezone_name()
    response = PreferencesMiddleware(view)(request)
    assert spoke == [("ko", "Asia/Seoul")]
    assert response["Content-Language"] == "ko"
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_programs_read_utc_whatever_the_account_prefers(ana_at_home, ana, sample):
    live_in(ana, "Asia/Seoul")
    claimed = ana_at_home.post("/api/v1/projects/recipes/claims/", content_type="application/json")
    assert claimed.status_code == 201
    assert claimed.json()["lease_expires_at"].endswith("Z")


def test_what_is_written_now_and_read_later_is_in_the_readers_zone(ana):
    live_in(ana, "Asia/Seoul")
    with speaking.to(ana):
        assert saying_times.moment(EVENING) == "March 3, 2026, 5:30 a.m. KST"
    assert timezone.get_current_timezone_name() == "UTC"


# --- the language -------------------------------------------------------------------------------------------------
def test_pages_speak_the_language_of_the_settings_and_else_that_of_the_browser(ana_at_home, ana):
    page = ana_at_home.get(SETTINGS, headers={"accept-language": "ko"})
    assert (page["Content-Language"], '<html lang="ko"' in page.content.decode()) == ("ko", True)
    User.objects.filter(pk=ana.user_id).update(language="en")
    page = ana_at_home.get(SETTINGS, headers={"accept-language": "ko"})
    assert (page["Content-Language"], '<html lang="en"' in page.content.decode()) == ("en", True)


def test_a_language_that_was_taken_away_is_asked_of_the_browser(ana_at_home, ana):
    User.objects.filter(pk=ana.user_id).update(language="tlh")
    assert ana_at_home.get(SETTINGS, headers={"accept-language": "en"})["Content-Language"] == "en"


# --- the page -----------------------------------------------------------------------------------------------------
def test_the_settings_offer_every_language_and_keep_what_is_chosen(ana_at_home, ana):
    page = ana_at_home.get(SETTINGS).content.decode()
    for code, name in its_settings.LANGUAGES:
        assert f'<option value="{code}" lang="{code}">{name}</option>' in page
    assert '<option value="Asia/Seoul">' in page
    kept = ana_at_home.post(SETTINGS, {"language": "en", "time_zone": "Asia/Seoul"}, follow=True)
    assert kept.redirect_chain == [(SETTINGS, 302)]
    ana.user.refresh_from_db()
    assert (ana.user.language, ana.user.time_zone) == ("en", "Asia/Seoul")
    assert "KST" in kept.content.decode()


def test_what_is_no_zone_and_no_language_is_refused_where_it_stands(ana_at_home, ana):
    refused = ana_at_home.post(SETTINGS, {"language": "xx", "time_zone": '"><script>x</script>'})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="zone-problem"' in page
    assert 'id="language-problem"' in page
    assert "<script>x" not in page
    ana.user.refresh_from_db()
    assert (ana.user.language, ana.user.time_zone) == ("", "")


def test_both_are_refused_at_once(ana):
    with pytest.raises(PreferencesRefused) as refusal:
        preferences.choose(user=ana.user, language="xx", time_zone="Mars/Olympus")
    assert refusal.value.problems.keys() == {"language", "time_zone"}


def test_an_account_without_a_project_has_settings_and_a_stranger_has_none(client, db):
    assert client.get(SETTINGS)["Location"] == f"/login/?next={SETTINGS}"
    client.force_login(make_user("new"))
    assert client.get(SETTINGS).status_code == 200


def test_a_password_is_changed_and_other_log_ins_end(client, db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick to check
    person = make_user("new")
    person.set_password("correct horse")
    person.save()
    elsewhere = type(client)()
    for browser in (client, elsewhere):
        browser.force_login(person)
    words = {"old_password": "correct horse", "new_password1": "battery staple 9", "new_password2": "battery staple 9"}
    wrong = client.post("/settings/password/", {**words, "old_password": "wrong"})
    assert (wrong.status_code, "-problem" in wrong.content.decode()) == (200, True)
    kept = client.post("/settings/password/", words, follow=True)
    assert "Your password is changed" in kept.content.decode()
    assert elsewhere.get(SETTINGS).status_code == 302
    assert client.login(username="new", password="battery staple 9")
