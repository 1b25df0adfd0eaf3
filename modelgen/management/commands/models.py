from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from modelgen import registry
from modelgen.model_entries import UNKNOWN, Model, ModelsFileWrong


class Command(BaseCommand):
    help = "What is known of models: family, parent, licence, and whether their outputs may train other models."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="a model's name; without one all entries are listed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            known = registry.known_models()
        except ModelsFileWrong as error:
            raise CommandError(str(error)) from error
        if options["name"]:
            self.stdout.write(in_words(known.model(options["name"])))
            return
        table = Table("name", "family", "made from", "licence", "may outputs train other models?")
        for names in known.names():
            model = known.model(names[0])
            table.add_row("\n".join(names), model.family, model.parent, model.licence, may_train(model))
        # Into a file or a pipe as wide as it needs to be: nothing is cut.
        Console(file=cast(IO[str], self.stdout), width=None if self.stdout.isatty() else 200).print(table)


def may_train(model: Model) -> str:
    words = f"only {model.outputs_may_train_others}" if model.conditions else model.outputs_may_train_others
    return f"{words}: {model.conditions}" if model.conditions else words


def in_words(model: Model) -> str:
    """A line for each thing that is known, and for what is not."""
    seen = f" (looked at on {model.looked_at})" if model.looked_at else ""
    lines = [
        model.name,
        f"Family: {model.family}." + (f" Made from {model.parent}." if model.parent else ""),
        f"Licence: {model.licence}." + (f" {model.source}{seen}" if model.source else ""),
        f"May its outputs train other models: {may_train(model).rstrip('.')}.",
        f"Price for a million tokens: {_price(model)}.",
        f"Longest context: {model.max_context or UNKNOWN}" + (" tokens." if model.max_context else "."),
        model.note,
    ]
    return "\n".join(line for line in lines if line)


def _price(model: Model) -> str:
    return f"{model.price.prompt:g} read, {model.price.completion:g} written" if model.price else UNKNOWN
