"""What is known of a caller before it says who it is: its address, its request, its words.

Addresses come from the connection alone. X-Forwarded-For, X-Institution and their like are what a
caller says of itself, and are not read.
"""

from starlette.types import Scope


def network_of(scope: Scope) -> str | None:
    """The peer's address; None on a Unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else None


def request_id_of(scope: Scope) -> str:
    """The X-Request-Id that `hardening` chose."""
    return str(scope.get("state", {}).get("request_id", ""))


def raw_request(scope: Scope) -> bytes:
    """The request line as it was received, for the audit log only."""
    target: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    query: bytes = scope["query_string"]
    method: str = scope["method"]
    line = method.encode("ascii", "replace") + b" " + target
    return line + b"?" + query if query else line
