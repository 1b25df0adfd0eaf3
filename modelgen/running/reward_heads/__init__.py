"""Reward heads: fitted when a project's labels have grown, and judging every sample that lacks their word.

The pure part is in `modelgen.judges.head`. Nothing here remembers what is to be done: a plan whose labels grew is due for a
fit, and a sample without a judgment is due for one.
"""

from modelgen.running.reward_heads.plans import plan_for, rest
from modelgen.running.reward_heads.serving import is_idle, judge_all_projects, serve

__all__ = ["is_idle", "judge_all_projects", "plan_for", "rest", "serve"]
