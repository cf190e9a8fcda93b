"""Django's sessions in the database, which do not fall over a cookie that nobody could have got from us."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        # A NUL in the key would reach PostgreSQL, which refuses it.
        return bool(key) and key.isalnum() and super()._validate_session_key(key)  # type: ignore[misc, union-attr]
