#!/usr/bin/env python
"""Concord's command line. Without DATABASE_URL and REDIS_URL a command brings its own PostgreSQL and Valkey."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config import launch

    sys.exit(launch.run(sys.argv))


if __name__ == "__main__":
    main()
