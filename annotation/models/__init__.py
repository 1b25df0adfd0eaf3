"""What the database holds, one subject a file. The constraints are the truth; Python checks are courtesy."""

from annotation.models.gold import GoldAnswer, GoldDispute
from annotation.models.judges import Judge, Judgment, MergeFit, ProjectJudge, Silence
from annotation.models.labels import ConsensusLabel, PosteriorFit, ReviewItem
from annotation.models.pay import PriceChange
from annotation.models.people import Annotator, ApiToken, Membership, User
from annotation.models.projects import Guideline, Policy, Project, ProjectEvent, ProjectFigures, Requirement, Rubric
from annotation.models.routing import RoutingFit, RoutingPlan
from annotation.models.samples import Sample, SampleContent, SampleEvent
from annotation.models.trust import AnnotatorFigures, Notice, QualityRule
from annotation.models.versions import DatasetVersion
from annotation.models.work import Annotation, Assignment, Draft, Question

__all__ = [
    "Annotation",
    "Annotator",
    "AnnotatorFigures",
    "ApiToken",
    "Assignment",
    "ConsensusLabel",
    "DatasetVersion",
    "Draft",
    "GoldAnswer",
    "GoldDispute",
    "Guideline",
    "Judge",
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
    "Requirement",
    "ReviewItem",
    "RoutingFit",
    "RoutingPlan",
    "Rubric",
    "Sample",
    "SampleContent",
    "SampleEvent",
    "Silence",
    "User",
]
