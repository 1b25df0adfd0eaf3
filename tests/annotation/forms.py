"""What a browser without JavaScript makes of a page."""

from html.parser import HTMLParser
from typing import Any

from django.urls import reverse

from annotation.models import Assignment

ANNOTATE = "/projects/recipes/annotate/"


class Form(HTMLParser):
    """The fields of a page: what is offered, what is chosen, and where it goes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden, self.offered, self.chosen, self.actions = {}, {}, {}, []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, Any]]) -> None:
        about = dict(attributes)
        if tag == "form":
            self.actions.append(about.get("action", ""))
        if tag != "input":
            return
        if about.get("type") == "hidden":
            self.hidden[about["name"]] = about.get("value", "")
        if about.get("type") == "radio" and "name" in about:
            self.offered.setdefault(about["name"], []).append(about["value"])
        if "checked" in about and "name" in about:
            self.chosen[about["name"]] = about["value"]


def form_of(response: Any) -> Form:
    return Form(response.content.decode())


def text_of(response: Any) -> str:
    return response.content.decode()


def submit_url(assignment: Assignment | None = None) -> str:
    return reverse("annotation:submit", args=[(assignment or Assignment.objects.get()).pk])
