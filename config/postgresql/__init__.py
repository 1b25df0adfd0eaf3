"""Django's PostgreSQL backend with a cheaper question to a kept connection: "are you still there?"."""
