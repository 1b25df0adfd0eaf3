"""Pages of runs: what models are asked in a project, how far it is, and what came of it."""
