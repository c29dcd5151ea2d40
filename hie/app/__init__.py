"""Composition root: the one place where the parts meet, open, serve and close."""

from hie.app.opening import migrated, opened, rules_at_start, schema_versions
from hie.app.server import serve
from hie.app.web import web_app
from hie.app.worker import run_worker, work

__all__ = [
    "migrated",
    "opened",
    "rules_at_start",
    "run_worker",
    "schema_versions",
    "serve",
    "web_app",
    "work",
]
