"""The one family of errors that the supervisor raises: one clear sentence each, to be printed without a trace."""


class SupervisorError(RuntimeError):
    """The programs cannot run; the message says why, and what to do."""
