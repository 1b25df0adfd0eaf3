"""What the database holds, one subject a file. The constraints are the truth; Python checks are courtesy."""

from annotation.models.judges import Judge, Judgment, MergeFit, ProjectJudge
from annotation.models.labels import ConsensusLabel, ReviewItem
from annotation.models.people import Annotator, ApiToken, Membership, User
from annotation.models.projects import Policy, Project, ProjectFigures, Rubric
from annotation.models.samples import Sample, SampleContent, SampleEvent
from annotation.models.versions import DatasetVersion
from annotation.models.work import Annotation, Assignment

__all__ = [
    "Annotation",
    "Annotator",
    "ApiToken",
    "Assignment",
    "ConsensusLabel",
    "DatasetVersion",
    "Judge",
    "Judgment",
    "Membership",
    "MergeFit",
    "Policy",
    "Project",
    "ProjectFigures",
    "ProjectJudge",
    "ReviewItem",
    "Rubric",
    "Sample",
    "SampleContent",
    "SampleEvent",
    "User",
]
