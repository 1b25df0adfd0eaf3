"""Who is asking: the session and the account behind it, each by one prepared statement, because every request asks both."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from annotation.models import User
from annotation.statements.running import row

SESSION = """
SELECT session_key, session_data, expire_date FROM django_session WHERE session_key = %(key)s AND expire_date > %(now)s
"""
NAMES = [field.attname for field in User._meta.concrete_fields]  # the columns are named like this too
ACCOUNT = f"SELECT {', '.join(NAMES)} FROM annotation_user WHERE id = %(pk)s"  # noqa: S608  columns of the model


class SessionStore(DatabaseSessions):
    """Django's sessions in the database, read without building a query."""

    def _get_session_from_db(self) -> Session | None:
        found = row(SESSION, key=self.session_key, now=timezone.now()) if self.session_key else None
        if found is None:
            self._session_key = None
            return None
        return Session(*found)


class Accounts(ModelBackend):
    """Django's accounts, read the same way."""

    def get_user(self, user_id: Any) -> User | None:
        found = row(ACCOUNT, pk=int(user_id))
        user = User.from_db(DEFAULT_DB_ALIAS, NAMES, found) if found else None
        return user if user is not None and self.user_can_authenticate(user) else None
