"""Every kind of stage that a recipe can name."""

from modelgen.pipeline.basis import StageBasis
from modelgen.pipeline.stages.constraints import Constraints
from modelgen.pipeline.stages.dialogues import Dialogues, TwoTurn
from modelgen.pipeline.stages.documents import ClosedQuestions, Documents
from modelgen.pipeline.stages.gathering import Mix, Splits
from modelgen.pipeline.stages.incapable import HonestPairs, Incapable
from modelgen.pipeline.stages.judged import Judged
from modelgen.pipeline.stages.keywords import Keywords, ListedKeywords
from modelgen.pipeline.stages.material import FunctionCalling, Tables
from modelgen.pipeline.stages.near_duplicates import NearDuplicates
from modelgen.pipeline.stages.pairs import DeltaPairs, Pairs
from modelgen.pipeline.stages.problems import Coding, Maths
from modelgen.pipeline.stages.questions import Questions
from modelgen.pipeline.stages.real_prompts import RealPrompts
from modelgen.pipeline.stages.responses import Responses
from modelgen.pipeline.stages.revisions import Revisions
from modelgen.pipeline.stages.rewards import Difficulty, Keep, Rewards
from modelgen.pipeline.stages.topic_following import TopicFollowing
from modelgen.pipeline.stages.topics import ListedTopics, Subtopics, Topics
from modelgen.pipeline.stages.writing import Writing

_KINDS: tuple[type[StageBasis], ...] = (
    # prompts
    ListedTopics,
    Topics,
    Subtopics,
    Questions,
    Writing,
    Documents,
    ClosedQuestions,
    ListedKeywords,
    Keywords,
    Maths,
    Coding,
    RealPrompts,
    Revisions,
    Constraints,
    TwoTurn,
    Dialogues,
    TopicFollowing,
    Incapable,
    FunctionCalling,
    Tables,
    # rows put together, told apart, left out
    Mix,
    Splits,
    NearDuplicates,
    Difficulty,
    Keep,
    # responses, judging, pairs
    Responses,
    Rewards,
    Judged,
    Pairs,
    DeltaPairs,
    HonestPairs,
)

STAGE_KINDS: dict[str, type[StageBasis]] = {kind.kind: kind for kind in _KINDS}
