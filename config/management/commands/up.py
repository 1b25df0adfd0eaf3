from typing import Any

from django.core.management.base import BaseCommand

from config import platform


class Command(BaseCommand):
    help = "Run the platform: servers, web, worker, beat. Ctrl-C stops everything that it started."

    def handle(self, *args: Any, **options: Any) -> None:
        platform.require_address()
        with platform.servers(self.stdout.write):
            platform.prepare(self.stdout.write)
            self.stdout.write(f"Concord is at {platform.address()} - Ctrl-C stops it.")
            if platform.supervisor(say=self.stdout.write).run_forever():
                raise SystemExit(1)
