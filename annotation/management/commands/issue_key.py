from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.models import ApiToken, User
from annotation.services import people


class Command(BaseCommand):
    help = "Make a key for the REST interface and print it, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name", help="what the key is for")
        parser.add_argument("--scope", action="append", choices=ApiToken.Scope.values, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"No account {options['username']!r}. Make it under /admin/, or with createsuperuser.")
        self.stdout.write(people.issue_token(user=user, name=options["name"], scopes=options["scope"]))
