"""The demonstration: real recorded people, replayed through the real interface."""
