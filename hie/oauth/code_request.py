"""A request that brings a code, read strictly, and the app it is from (RFC 6749, 4.1.3).

A confidential app proves its key; a public one names itself, which proves nothing: its code and
verifier must.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hie.access.reason import Reason
from hie.access.token import Claims
from hie.oauth.apps import PUBLIC
from hie.oauth.client_proof import check_admitted, naming, prove
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.token_request import (
    invalid_client,
    invalid_request,
    read_assertion,
)

_LONGEST = 512


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Who changes a code, and what proves it; `used` are the claims of its assertion."""

    client: KnownClient
    code: str
    redirect_uri: str
    verifier: str
    used: tuple[Claims, ...]


async def read_code_request(
    entrance: Entrance, network: str | None, fields: Mapping[str, str], *, authorization: bool
) -> CodeRequest:
    """The code, and the app that brings it; raises TokenRefused."""
    assertion = read_assertion(fields, authorization)
    named = fields.get("client_id")
    used: tuple[Claims, ...] = ()
    if assertion is not None:
        proved = await prove(entrance, network, assertion, named)
        client, used = proved.client, (proved.claims,)
    else:
        client = await _public(entrance, network, named)
    code, uri = fields.get("code", ""), fields.get("redirect_uri", "")
    verifier = fields.get("code_verifier", "")
    if not (code and uri and verifier) or len(code) > _LONGEST:
        refused = invalid_request("code, redirect_uri and code_verifier: expected once each")
        refused.client = client.id
        raise refused
    return CodeRequest(client, code, uri, verifier, used)


async def _public(entrance: Entrance, network: str | None, named: str | None) -> KnownClient:
    """The app that names itself and has no key; raises TokenRefused for one that has."""
    client = None if named is None else await entrance.clients.find(named)
    if client is None:
        raise invalid_client(Reason.STATUS)
    with naming(client.id):
        if client.app != PUBLIC:
            raise invalid_client(Reason.METHOD)
        await check_admitted(entrance, client, network, proved=False)
    return client
