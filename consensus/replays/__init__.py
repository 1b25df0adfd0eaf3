"""Replays of a recorded set: what a policy would have cost, and how right its labels would have been."""
