"""Engines: what turns conversations and responses into texts, probabilities or features."""
