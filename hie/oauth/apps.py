"""Registering apps that act for people, an operator's act: who they are, where they are answered.

A public app has no key (it runs in a browser or on a phone) and proves a code by PKCE alone; a
confidential one proves its key as well. Addresses are compared character by character, so each is
registered whole (RFC 9700, 2.1; SMART App Launch 2.2).
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from hie.access.actor import Actor, Purpose
from hie.access.keys import accept_keys
from hie.access.profile import AudPolicy
from hie.errors import Fault, UnprocessableRequest
from hie.oauth.app_scopes import check_app_scopes
from hie.oauth.client_changes import aud_faults
from hie.oauth.client_keys import KeyOffer
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import CLIENT_ID
from hie.oauth.registered import app_state, client_state
from hie.oauth.registration import NAME, Settled, register
from hie.recognition.credit_code import is_credit_code
from hie.store import apps, clients
from hie.store.tables import TABLES

PUBLIC, CONFIDENTIAL = "public", "confidential"
MOST_URIS = 10
# Of RFC 3986, without fragments and without the apostrophe, which ends a word elsewhere.
_VISIBLE = re.compile(r"[!#-&(-;=?-\[\]_a-z~]{1,512}")
_PLACE = re.compile(r"(?:[A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")  # a host, a port
_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")  # RFC 8252, 7.1: a name in reverse
_HTTPS = "https://…, or http:// on a loopback address, without fragment and user"


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """What an operator asks for; without a `key` the app is public."""

    client: str
    institution: str
    redirect_uris: Sequence[str]
    scopes: Sequence[str]
    key: object = None
    launch_url: str | None = None
    everyone: bool = False
    name: str = ""
    aud_policy: str = AudPolicy.EITHER


async def add_app(entrance: Entrance, actor: Actor, asked: AppRegistration) -> Settled:
    """Register an app, or propose to.

    Raises UnprocessableRequest naming every fault, Conflict when the id is taken.
    """
    faults = _faults(asked)
    offer = KeyOffer(())
    if asked.key is not None:
        try:
            offer = KeyOffer(accept_keys(asked.key))
        except UnprocessableRequest as error:
            faults.extend(error.faults)
    if faults:
        raise UnprocessableRequest("the app cannot be registered", tuple(faults))
    app = apps.App(
        client=asked.client,
        kind=PUBLIC if asked.key is None else CONFIDENTIAL,
        redirect_uris=tuple(dict.fromkeys(asked.redirect_uris)),
        launch_url=asked.launch_url,
        everyone=asked.everyone,
    )
    state = client_state(
        institution=asked.institution,
        name=asked.name,
        keys=offer.jwks()["keys"],
        jwks_uri=None,
        scopes=sorted(set(asked.scopes)),
        # Those of clinicians, and of all others.
        purposes=[str(Purpose.TREATMENT), str(Purpose.OPERATIONS)],
        networks=[],
        cds_issuer=None,
        sender=None,
        aud_policy=str(asked.aud_policy),
        app=app_state(app),
    )
    proposal = await register(entrance, actor, asked.client, state, offer, "add app")
    return Settled(proposal, offer.keys)


async def list_apps(entrance: Entrance) -> list[tuple[apps.App, clients.Client]]:
    """All apps by client id, each with its client."""
    async with entrance.db.reading() as reader:
        known = {row.id: row for row in await clients.everyone(reader)}
        return [(app, known[app.client]) for app in await apps.everyone(reader)]


def is_web_address(text: str) -> bool:
    """Whether a text is an https address, or http on loopback, without fragment and user."""
    parts = _parts(text)
    if parts is None:
        return False
    scheme, host = parts
    return bool(host) and (scheme == "https" or (scheme == "http" and is_loopback(host)))


def is_redirect_uri(text: str) -> bool:
    """Whether an app may be answered there: the web, or a scheme of the app's own (RFC 8252)."""
    parts = _parts(text)
    return is_web_address(text) or (parts is not None and _SCHEME.fullmatch(parts[0]) is not None)


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine, whatever a resolver says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(uri: str) -> str:
    """What a Content-Security-Policy calls the place of a registered address."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def _parts(text: str) -> tuple[str, str] | None:
    """The scheme and the host of an address; None for what no two readers agree on."""
    if _VISIBLE.fullmatch(text) is None:
        return None
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if (
        _PLACE.fullmatch(parts.netloc) is None
        or "#" in text
        or not text.startswith(f"{parts.scheme}:")
    ):
        return None
    return parts.scheme, host


def _faults(asked: AppRegistration) -> list[Fault]:
    faults = check_app_scopes(asked.scopes, frozenset(TABLES))
    if CLIENT_ID.fullmatch(asked.client) is None:
        expected = "1 to 64 of a-z 0-9 . -, beginning and ending with a letter or digit"
        faults.append(Fault("client", "client-format", expected))
    if not is_credit_code(asked.institution):
        expected = "a unified social credit code (GB 32100)"
        faults.append(Fault("institution", "invalid-code", expected))
    if NAME.fullmatch(asked.name) is None:
        faults.append(Fault("name", "name-format", "at most 100 characters, no control characters"))
    if not 1 <= len(asked.redirect_uris) <= MOST_URIS:
        expected = f"1 to {MOST_URIS} addresses"
        faults.append(Fault("redirect_uris", "redirect-count", expected))
    for n, uri in enumerate(asked.redirect_uris):
        if not is_redirect_uri(uri):
            expected = f"{_HTTPS}; or a private-use scheme with a dot in it"
            faults.append(Fault(f"redirect_uris[{n}]", "redirect-format", expected))
    if asked.launch_url is not None and not is_web_address(asked.launch_url):
        faults.append(Fault("launch_url", "redirect-format", _HTTPS))
    return [*faults, *aud_faults(asked.aud_policy)]
