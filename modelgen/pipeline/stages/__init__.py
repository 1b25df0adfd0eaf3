"""The kinds of stages. Each is pure: rows in, questions to models, rows out; `modelgen.pipeline.kinds` lists them."""
