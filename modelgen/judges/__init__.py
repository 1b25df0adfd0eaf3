"""Judges: ways of judging a sample with models, verifiers or a head fitted to people's labels. Pure."""
