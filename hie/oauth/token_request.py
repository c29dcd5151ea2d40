"""One request to the token door, read strictly: RFC 6749 section 4.4, RFC 7523 sections 2.1, 2.2.

Only one way to authenticate is offered, and a request that tries two is refused: which one counts
would otherwise be up to the reader (RFC 6749, 2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from hie.access.reason import Reason

LARGEST = 32 * 1024
_FIELDS = 20
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class GrantType(StrEnum):
    """The grants that are offered."""

    CLIENT = "client_credentials"
    USER_CONTEXT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenRefused(Exception):
    """A token request is refused: the OAuth error for the caller, the reason for the log.

    `client` is the client it says it is from, once one of that id was found; `proved` is False
    where the error is one of those told after a proof and there was none, as of a public app.
    """

    client: str = ""
    proved: bool = True

    def __init__(
        self, error: str, reason: Reason, told: str, status: int = 400, seconds: float = 0
    ) -> None:
        super().__init__(error)
        self.error = error
        self.reason = reason
        self.told = told
        self.status = status
        self.seconds = seconds


def invalid_client(reason: Reason) -> TokenRefused:
    """401 invalid_client: the caller is told nothing more."""
    return TokenRefused("invalid_client", reason, "client authentication failed", 401)


def invalid_request(told: str, reason: Reason = Reason.REQUEST) -> TokenRefused:
    """400 invalid_request, with what was expected."""
    return TokenRefused("invalid_request", reason, told)


def invalid_grant(told: str, reason: Reason) -> TokenRefused:
    """400 invalid_grant: who asks has shown its key, and for this person there is no token."""
    return TokenRefused("invalid_grant", reason, told)


def too_many(reason: Reason, seconds: float) -> TokenRefused:
    """429: asking again can help after so many seconds."""
    return TokenRefused("temporarily_unavailable", reason, "too many requests", 429, seconds)


def of_sender(reason: Reason) -> TokenRefused:
    """A proof of possession does not hold (RFC 9449, 5 and 8), or no certificate was shown."""
    if reason is Reason.NONCE:
        return TokenRefused("use_dpop_nonce", reason, "a proof with the nonce of this answer")
    if reason is Reason.DPOP:
        return TokenRefused("invalid_dpop_proof", reason, "a proof of possession that holds")
    return invalid_client(reason)


def unavailable(reason: Reason) -> TokenRefused:
    """503: the hub cannot tell now; asking again can help."""
    return TokenRefused("temporarily_unavailable", reason, "try again later", 503, 10)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked; nothing of it is verified.

    `assertion` proves the client, `user_context` says for whom a token is asked (RFC 7523, 2.1):
    signed by the client, it proves the client as well, and `assertion` may then be missing.
    """

    grant: GrantType
    assertion: str | None
    scope: str | None
    client_id: str | None
    purpose: str | None
    user_context: str | None = None


def read_request(fields: Mapping[str, str], *, authorization: bool) -> TokenRequest:
    """The request in the fields of a form; raises TokenRefused."""
    assertion = read_assertion(fields, authorization)
    grant = fields.get("grant_type")
    if grant is None:
        raise invalid_request("grant_type is missing")
    if grant not in set(GrantType):
        raise TokenRefused(
            "unsupported_grant_type", Reason.GRANT, "expected " + " or ".join(GrantType)
        )
    user_context = fields.get("assertion")
    if grant == GrantType.USER_CONTEXT and user_context is None:
        raise invalid_request("assertion is missing")
    if grant == GrantType.CLIENT and assertion is None:
        raise invalid_client(Reason.METHOD)
    return TokenRequest(
        GrantType(grant),
        assertion,
        fields.get("scope"),
        fields.get("client_id"),
        fields.get("purpose_of_use"),
        user_context if grant == GrantType.USER_CONTEXT else None,
    )


def read_form_fields(media: str, body: bytes) -> dict[str, str]:
    """The fields of a form that came as one, each once; raises TokenRefused."""
    if media.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise invalid_request("expected application/x-www-form-urlencoded")
    return _fields(body)


def read_assertion(fields: Mapping[str, str], authorization: bool) -> str | None:
    """The client assertion of a form, None without one; raises TokenRefused for other methods."""
    assertion = fields.get("client_assertion")
    if authorization or "client_secret" in fields:
        if assertion is not None:
            raise invalid_request("one way of authentication", Reason.METHOD)
        raise invalid_client(Reason.METHOD)
    if assertion is not None and fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_request(f"client_assertion_type: expected {ASSERTION_TYPE}", Reason.METHOD)
    return assertion


def _fields(body: bytes) -> dict[str, str]:
    if len(body) > LARGEST:
        raise invalid_request(f"a body of at most {LARGEST} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:
        raise invalid_request("a form of at most 20 fields, UTF-8") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise invalid_request("each parameter once")
    # RFC 6749, 3.2: a parameter without a value is treated as if it had been left out.
    return {name: value for name, value in fields.items() if value}
