"""Whether a card may ask once about a preference that contradicts the ratings: "Is that what you mean?" It forbids nothing.

Never on gold, where a question would give the right answer away. Always elsewhere would betray gold by its silence: so it is
asked on a random half of the other samples only, drawn from the assignment with the server's secret. The same card draws the
same half whenever it is made, and nobody outside can work out which half is theirs.
"""

from collections.abc import Sequence

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotation import ratings
from annotation.models import Assignment


def are_asked_about(assignment: Assignment, places: Sequence[ratings.Place]) -> bool:
    """Whether the page looks for a contradiction on this card. Nothing is read where the rubric follows nothing."""
    if assignment.is_gold or not any(place.attribute.get("follows") for place in places):
        return False
    return is_drawn(assignment.pk) and assignment.sample.project.asks_about_contradictions


def is_drawn(assignment_id: int) -> bool:
    """Whether this assignment is in the half that may be asked."""
    return salted_hmac("annotation.contradictions", str(assignment_id)).digest()[0] % 2 == 0


def sentences(place: ratings.Place, places: Sequence[ratings.Place]) -> dict[str, str]:
    """What a comparison asks, by what is found. The page puts the letters in place of {preferred} and {other}."""
    followed = next((one for one in places if one.name == place.attribute.get("follows")), None)
    if followed is None:
        return {}
    about = {"title": followed.title}
    lower = _("You prefer {preferred}, and rated {other} higher on %(title)s. Is that what you mean?") % about
    lowest = _("You prefer {preferred} strongly, and rated it lowest on %(title)s. Is that what you mean?") % about
    return {"attribute": followed.name, "lower": lower, "lowest": lowest}


def is_strong(place: ratings.Place, value: int) -> bool:
    """Whether a level is the outermost of its side, where the side has weaker ones."""
    side = [level for level in place.levels if level * value > 0]
    return len(side) > 1 and abs(value) == max(map(abs, side))
