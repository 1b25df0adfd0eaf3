"""The one family of errors that the embedded servers raise: one clear sentence each, to be printed without a trace."""


class EmbeddedError(RuntimeError):
    """Something about the embedded PostgreSQL or Valkey cannot work; the message says what, and what to do."""
