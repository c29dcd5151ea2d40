"""`hie serve`: the web process, and the message workers beside it."""

from hie.cli.output import LangOption, fail
from hie.errors import HubError
from hie.settings import Settings


def command(lang: LangOption = None) -> None:
    """Run the hub until it is told to stop (SIGTERM, Ctrl-C)."""
    from hie.app import serve

    try:
        serve(Settings())
    except HubError as error:
        fail(error)
