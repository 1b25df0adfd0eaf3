"""Make the migrated database of the tests in CONCORD_VAR: `make test` copies that folder for each of its parts."""

import django
from django.conf import settings
from django.test.runner import DiscoverRunner

from config import embedded


def main() -> None:
    django.setup()
    with embedded.running(settings.EMBEDDED):
        DiscoverRunner(verbosity=0, interactive=False, keepdb=True).setup_databases()


if __name__ == "__main__":
    main()
