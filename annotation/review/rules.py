"""The policy and the rubric of a project in a sentence each."""

from django.utils.translation import gettext as _

from annotation.models import Policy, Project
from annotation.ratings import Place
from annotation.services import policy_words


def policy_text(project: Project) -> str:
    """The policy in a sentence."""
    policy = project.policy
    said = {"version": policy.version, "policy": policy_words.sentence(policy, project)}
    return _("Version %(version)d: %(policy)s") % said


def disagreed_words(policy: Policy) -> str:
    """What it means under this policy that a first round was not enough."""
    match policy.name:
        case Policy.Name.SEQUENTIAL:
            return _("First round left the outcome open")
        case Policy.Name.CONFIDENCE:
            return _("First round was not sure enough")
        case _:
            return _("First round disagreed")


def rubric_text(project: Project) -> str:
    """The rubric in a line."""
    rubric = project.rubric
    names = ", ".join(Place(attribute, None).title for attribute in rubric.attributes)
    return _("Version %(version)d: %(names)s") % {"version": rubric.version, "names": names}


def attribute_title(project: Project, name: str) -> str:
    """The title of an attribute, or its name where the rubric has it no more."""
    return next((Place(a, None).title for a in project.rubric.attributes if a["name"] == name), name)
