"""What an app asks of `/oauth/authorize`, read strictly: RFC 6749 section 4.1.1, RFC 7636.

Two kinds of fault. Before it is known where the app may be answered, nothing leaves the hub: the
person sees it (`InvalidRequest`). From then on the app is told (`AuthorizeRefused`, RFC 6749,
4.1.2.1). PKCE with S256, `state` and `aud` are asked of every app (SMART App Launch 2.2).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hie.access.reason import Reason
from hie.access.scopes import LONGEST as LONGEST_SCOPE
from hie.access.scopes import MOST
from hie.errors import Fault, InvalidRequest

LONGEST_QUERY = 4096
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256 (RFC 7636, 4.2)
_STATE = re.compile(r"[\x21-\x7e]{8,1024}")  # RFC 6749, A.5, without the space
_OPAQUE = re.compile(r"[\x21-\x7e]{1,512}")
_PROMPTS = frozenset({"none", "login"})


class AuthorizeRefused(Exception):
    """An authorization request is refused: the OAuth error for the app, the reason for the log."""

    def __init__(self, error: str, told: str, reason: Reason = Reason.REQUEST) -> None:
        super().__init__(error)
        self.error = error
        self.told = told
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """Who says it asks, and where it wants the answer; nothing of it is verified."""

    client: str
    redirect_uri: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The rest of a request that has the right form."""

    scopes: tuple[str, ...]
    challenge: str
    launch: str | None
    nonce: str | None
    prompt: str | None


def read_target(pairs: Sequence[tuple[str, str]]) -> Target:
    """Who asks; raises InvalidRequest, which is told to the person and to nobody else."""
    names = [name for name, _ in pairs]
    faults = [
        Fault(name, "missing" if name not in names else "repeated", "exactly once")
        for name in ("client_id", "redirect_uri")
        if names.count(name) != 1
    ]
    if faults:
        raise InvalidRequest("no authorization request", tuple(faults))
    said = dict(pairs)
    state = said.get("state")
    sound = names.count("state") == 1 and _STATE.fullmatch(state or "") is not None
    return Target(said["client_id"], said["redirect_uri"], state if sound else None)


def read_asked(pairs: Sequence[tuple[str, str]], audience: str) -> Asked:
    """What is asked; raises AuthorizeRefused. What is not known is ignored (RFC 6749, 3.1)."""
    said = dict(pairs)
    if len(said) != len(pairs):
        raise _invalid("each parameter once")
    if "request" in said or "request_uri" in said:
        named = "request" if "request" in said else "request_uri"
        raise AuthorizeRefused(f"{named}_not_supported", "expected plain parameters")
    if said.get("response_type") != "code":
        raise AuthorizeRefused("unsupported_response_type", "response_type: expected code")
    if said.get("response_mode", "query") != "query":
        raise _invalid("response_mode: expected query")
    if _STATE.fullmatch(said.get("state", "")) is None:
        raise _invalid("state: expected 8 to 1024 visible ASCII characters", Reason.OIDC)
    if said.get("code_challenge_method") != "S256":
        raise _invalid("code_challenge_method: expected S256", Reason.OIDC)
    challenge = said.get("code_challenge", "")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise _invalid("code_challenge: expected the SHA-256 of a verifier", Reason.OIDC)
    if said.get("aud", "").rstrip("/") != audience:
        raise _invalid(f"aud: expected {audience}", Reason.AUD)
    prompt = said.get("prompt") or None
    if prompt is not None and prompt not in _PROMPTS:
        raise _invalid("prompt: expected none or login")
    return Asked(_scopes(said), challenge, _opaque(said, "launch"), _opaque(said, "nonce"), prompt)


def _scopes(said: Mapping[str, str]) -> tuple[str, ...]:
    text = said.get("scope", "")
    found = tuple(dict.fromkeys(text.split(" ")))
    if len(text) > LONGEST_SCOPE or len(found) > MOST or not all(found):
        told = "scope: expected words with one space between"
        raise AuthorizeRefused("invalid_scope", told, Reason.SCOPE)
    return found


def _opaque(said: Mapping[str, str], name: str) -> str | None:
    value = said.get(name) or None
    if value is not None and _OPAQUE.fullmatch(value) is None:
        raise _invalid(f"{name}: expected at most 512 visible ASCII characters")
    return value


def _invalid(told: str, reason: Reason = Reason.REQUEST) -> AuthorizeRefused:
    return AuthorizeRefused("invalid_request", told, reason)
