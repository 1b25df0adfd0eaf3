"""Carrying out: which chunk is next, who has it, what came of it, and how far a run is. The Django side of modelgen.

Nothing is remembered but in rows. A message to a worker only says "now": the worker takes the next chunk that it can
serve, answers it and lands it in one transaction. A worker that is killed loses its lease, and the chunk is taken again.
"""
