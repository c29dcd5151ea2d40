"""A verified access token as an Actor, and the header it comes in."""

import re
from collections.abc import Mapping

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.reason import Reason, refused
from hie.access.scopes import covered
from hie.access.token import Claims

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([^ ]+)")


def bearer_token(headers: list[bytes]) -> str:
    """The token of the one Authorization header; raises NotAuthenticated (SECURITY 1.3, step 1)."""
    if not headers:
        raise refused(Reason.NO_TOKEN)
    if len(headers) != 1 or not headers[0].isascii():
        raise refused(Reason.SCHEME, "one Authorization header")
    match = _BEARER.fullmatch(headers[0].decode("ascii"))
    if match is None:
        raise refused(Reason.SCHEME, "scheme Bearer")
    return match[1]


def actor_of(claims: Claims, registered: tuple[str, ...], institution: str) -> Actor:
    """The actor a token stands for, as far as its client's registration still goes.

    `registered` and `institution` are the client's row of now: what was taken from a client since
    the token was made is taken from the token. Raises NotAuthenticated when the token says another
    institution than the row.
    """
    members = claims.members
    hub = members["hub"]
    if not isinstance(hub, Mapping) or hub.get("inst") != institution:
        raise refused(Reason.ORG_SPOOF)
    scopes = str(members["scope"]).split(" ")
    return Actor(
        kind=ActorKind.CLIENT,
        client=str(members["client_id"]),
        subject=claims.subject,
        institution=institution,
        purpose=_purpose(members),
        scopes=frozenset(scope for scope in scopes if covered([scope], registered)),
        token=claims.token_id,
    )


def _purpose(members: Mapping[str, object]) -> Purpose:
    """The one purpose of use; a token without one permits nothing."""
    match members.get("extensions"):
        case {"ihe_iua": {"purpose_of_use": [{"code": str(code)}]}}:
            try:
                return Purpose(code)
            except ValueError as error:
                raise refused(Reason.PURPOSE) from error
        case _:
            raise refused(Reason.PURPOSE)
