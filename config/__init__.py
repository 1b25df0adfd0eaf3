"""Puts the parts together: settings, addresses, processes. Nothing below imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
