"""Measurements, run by hand: `make bench-...`. Never part of the tests: machines are shared, and times are noisy."""
