"""Statistics of a project, folded from what changed; `reading.of` is what pages ask. docs/statistics.md explains them."""
