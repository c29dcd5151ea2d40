"""One request to the token door, read strictly: RFC 6749 section 4.4 with RFC 7523 section 2.2.

Only one way to authenticate is offered, and a request that tries two is refused: which one counts
would otherwise be up to the reader (RFC 6749, 2.3).
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from hie.access.reason import Reason

LARGEST = 32 * 1024
_FIELDS = 20
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(Exception):
    """A token request is refused: the OAuth error for the caller, the reason for the log."""

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


def too_many(reason: Reason, seconds: float) -> TokenRefused:
    """429: asking again can help after so many seconds."""
    return TokenRefused("temporarily_unavailable", reason, "too many requests", 429, seconds)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked; nothing of it is verified."""

    assertion: str
    scope: str | None
    client_id: str | None
    purpose: str | None


def read_request(media: str, body: bytes, authorization: bool) -> TokenRequest:
    """The request in a form body; raises TokenRefused."""
    if media.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise invalid_request("expected application/x-www-form-urlencoded")
    fields = _fields(body)
    assertion = fields.get("client_assertion")
    if authorization or "client_secret" in fields:
        if assertion is not None:
            raise invalid_request("one way of authentication", Reason.METHOD)
        raise invalid_client(Reason.METHOD)
    grant = fields.get("grant_type")
    if grant is None:
        raise invalid_request("grant_type is missing")
    if grant != "client_credentials":
        raise TokenRefused("unsupported_grant_type", Reason.GRANT, "expected client_credentials")
    if assertion is None:
        raise invalid_client(Reason.METHOD)
    if fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_request(f"client_assertion_type: expected {ASSERTION_TYPE}", Reason.METHOD)
    return TokenRequest(
        assertion, fields.get("scope"), fields.get("client_id"), fields.get("purpose_of_use")
    )


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
