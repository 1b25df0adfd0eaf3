from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.models import Membership, Project, User
from annotation.services import people


class Command(BaseCommand):
    help = "Give an account a role in a project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument("username")
        parser.add_argument("role", choices=Membership.Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        user = User.objects.filter(username=options["username"]).first()
        if project is None:
            known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"No project {options['project']!r}. There are: {known}.")
        if user is None:
            raise CommandError(f"No account {options['username']!r}. Make it under /admin/, or with createsuperuser.")
        people.join(project=project, user=user, role=options["role"], at=timezone.now())
        self.stdout.write(f"{user} is {options['role']} of {project}.")
