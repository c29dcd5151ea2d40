"""Where a card leads: the hub's own page, which asks to sign in, and the institution's SMART apps.

A card lies open for longer than a launch ticket lives, so its link is the page's own address. An
app is launched by the caller, who adds the launch parameters; what it is to open it is told by
`appContext`. CDS Hooks 2.0, "Link".
"""

import json
from collections.abc import Sequence
from typing import Any

from hie.cds.said import words
from hie.store import apps
from hie.store.session import Reader
from hie.wording import Language

_MOST_APPS = 3


async def apps_of(reader: Reader, institution: str) -> list[tuple[str, str]]:
    """The apps the institution's people open, (name, launch address)."""
    found = await apps.launchable(reader, institution)
    named = [(name, app.launch_url) for app, name in found if app.launch_url is not None]
    return named[:_MOST_APPS]


def links(
    page: str,
    label: str,
    smart: Sequence[tuple[str, str]],
    context: dict[str, str],
    lang: Language,
) -> list[dict[str, Any]]:
    """The page, then the apps; `label` is the key of the page's words."""
    told = json.dumps(context, separators=(",", ":"))
    first = {"label": words(lang).say(label), "url": page, "type": "absolute"}
    return [
        first,
        *({"label": name, "url": url, "type": "smart", "appContext": told} for name, url in smart),
    ]
