"""`hie worker`: one more process that takes kept messages and stores what they say (PostgreSQL)."""

import asyncio

from hie.cli.output import JsonFlag, LangOption, fail
from hie.errors import HubError, HubMisconfigured
from hie.settings import Settings


def command(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Run a message worker until it is told to stop (SIGTERM, Ctrl-C)."""
    from hie.app import run_worker

    settings = Settings()
    try:
        if settings.database_url is None:
            raise HubMisconfigured(
                "SQLite belongs to one hub process, which has its worker inside; "
                "more workers need PostgreSQL (HIE_DATABASE_URL)"
            )
        asyncio.run(run_worker(settings))
    except HubError as error:
        fail(error, as_json)
