"""`hie migrate`: bring the database to this version's tables."""

from typing import Annotated

import typer

from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, fail, said
from hie.errors import HubError
from hie.settings import Settings


def command(
    check: Annotated[
        bool, typer.Option("--check", help="Only say which version the tables have.")
    ] = False,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Bring the database to this version's tables; a second run changes nothing."""
    from hie.app import migrated, schema_versions

    settings = Settings()
    try:
        have, want = schema_versions(settings)
        if check or have == want:
            said(
                f"tables at {have or 'nothing'}, this version wants {want}",
                as_json,
                {"have": have, "want": want},
            )
            return
        confirm(f"Migrate from {have or 'nothing'} to {want}?", yes)
        migrated(settings)
    except HubError as error:
        fail(error, as_json)
    said(f"tables at {want}", as_json, {"have": want, "want": want})
