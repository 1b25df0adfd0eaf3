"""What modelgen remembers: the runs of recipes and judges with all that came of them, and the reward heads of projects."""

from modelgen.models.reward_heads import HiddenState, RewardHead, RewardHeadPlan
from modelgen.models.runs import Chunk, Output, Run, RunFile, RunStage, Stage, Unanswered

__all__ = [
    "Chunk",
    "HiddenState",
    "Output",
    "RewardHead",
    "RewardHeadPlan",
    "Run",
    "RunFile",
    "RunStage",
    "Stage",
    "Unanswered",
]
