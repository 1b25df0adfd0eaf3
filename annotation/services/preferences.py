"""How a person wants the pages to speak to them: the language, and the zone of their hours."""

from django.conf import settings
from django.utils.translation import gettext as _

from annotation import saying_times
from annotation.models import User


class PreferencesRefused(ValueError):
    """A choice that cannot be kept; `problems` says why, by field."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


def choose(*, user: User, language: str, time_zone: str) -> None:
    """Keep a person's choices. Empty is what their browser says. Raises PreferencesRefused."""
    problems = {}
    if language and language not in dict(settings.LANGUAGES):
        problems["language"] = _("The pages do not speak %(language)r.") % {"language": language}
    if time_zone and saying_times.zone_called(time_zone) is None:
        said = _("No zone is called %(zone)r. Choose one of the list, such as Asia/Seoul, or leave it empty.")
        problems["time_zone"] = said % {"zone": time_zone}
    if problems:
        raise PreferencesRefused(problems)
    User.objects.filter(pk=user.pk).update(language=language, time_zone=time_zone)
