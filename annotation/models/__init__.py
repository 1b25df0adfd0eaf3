"""What the database holds, one subject a file. The constraints are the truth; Python checks are courtesy."""

from annotation.models.decisions import Decision, JudgesOpened, QueueEntry
from annotation.models.exploring import (
    SampleDocument,
    SampleFacets,
    SampleOffer,
    SampleOrder,
    SavedFilter,
    SearchMark,
    SearchProgress,
)
from annotation.models.gold import GoldAnswer, GoldDispute
from annotation.models.invitations import Invitation
from annotation.models.judges import Judge, Judgment, MergeFit, ProjectJudge, Silence
from annotation.models.labels import ConsensusLabel, PosteriorFit, ReviewItem
from annotation.models.pay import PriceChange
from annotation.models.people import Annotator, ApiToken, Membership, User
from annotation.models.projects import Guideline, Policy, Project, ProjectEvent, ProjectFigures, Requirement, Rubric
from annotation.models.routing import RoutingFit, RoutingPlan
from annotation.models.samples import Sample, SampleContent, SampleEvent
from annotation.models.second_looks import SecondLook, SecondLookMark
from annotation.models.statistics import CountedSample, Statistic, StatisticsChange, StatisticsEdition
from annotation.models.trust import AnnotatorFigures, Notice, QualityRule
from annotation.models.versions import DatasetVersion
from annotation.models.what_ifs import WhatIf
from annotation.models.work import Annotation, Assignment, Draft, Question

__all__ = [
    "Annotation",
    "Annotator",
    "AnnotatorFigures",
    "ApiToken",
    "Assignment",
    "ConsensusLabel",
    "CountedSample",
    "DatasetVersion",
    "Decision",
    "Draft",
    "GoldAnswer",
    "GoldDispute",
    "Guideline",
    "Invitation",
    "Judge",
    "JudgesOpened",
    "Judgment",
    "Membership",
    "MergeFit",
    "Notice",
    "Policy",
    "PosteriorFit",
    "PriceChange",
    "Project",
    "ProjectEvent",
    "ProjectFigures",
    "ProjectJudge",
    "QualityRule",
    "Question",
    "QueueEntry",
    "Requirement",
    "ReviewItem",
    "RoutingFit",
    "RoutingPlan",
    "Rubric",
    "Sample",
    "SampleContent",
    "SampleDocument",
    "SampleEvent",
    "SampleFacets",
    "SampleOffer",
    "SampleOrder",
    "SavedFilter",
    "SearchMark",
    "SearchProgress",
    "SecondLook",
    "SecondLookMark",
    "Silence",
    "Statistic",
    "StatisticsChange",
    "StatisticsEdition",
    "User",
    "WhatIf",
]
