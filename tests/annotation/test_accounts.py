"""Sessions and accounts that are read by prepared statements behave as Django's do."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from story import make_user


@pytest.fixture
def somebody(client, db):
    user = make_user("ana")
    user.set_password("a-long-password")
    user.save()
    client.post("/login/", {"username": "ana", "password": "a-long-password"})
    return user


def is_in(client):
    return client.get("/").status_code == 200


def test_a_log_in_lasts_from_one_request_to_the_next(client, somebody):
    assert is_in(client)
    assert is_in(client)


def test_an_account_that_is_switched_off_is_out_at_once(client, somebody):
    type(somebody).objects.update(is_active=False)
    assert not is_in(client)


def test_a_deleted_account_is_out_at_once(client, somebody):
    somebody.delete()
    assert not is_in(client)


def test_a_session_that_has_expired_or_ended_is_out(client, somebody):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)


def test_logging_out_ends_the_session_for_whoever_copied_its_cookie(client, somebody):
    key = client.cookies["sessionid"].value
    client.post("/logout/")
    client.cookies["sessionid"] = key
    assert not is_in(client)


def test_a_changed_password_ends_other_sessions(client, somebody):
    somebody.set_password("another-long-password")
    somebody.save()
    assert not is_in(client)


@pytest.mark.parametrize("key", ["x", "' OR 1=1 --", "ü" * 40, "a" * 5000])
def test_a_made_up_session_is_nobody(client, db, key):
    client.cookies["sessionid"] = key
    assert not is_in(client)
