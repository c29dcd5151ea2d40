"""Bundles by joining stored bytes: nothing is parsed and written again on the way out.

FHIR R4 bundle.html. A resource is served exactly as it was stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hie.fhir.wire import write

_MODES = {mode: write(mode) for mode in ("match", "include", "outcome")}


class Entry(NamedTuple):
    """One entry of a searchset: `body` is the stored JSON text, `mode` is match or include."""

    full_url: str
    body: bytes
    mode: str = "match"


class Versioned(NamedTuple):
    """One entry of a history; `body` None is a deletion."""

    full_url: str
    body: bytes | None
    method: str
    url: str
    status: str
    etag: str
    last_modified: str


def searchset(
    entries: Iterable[Entry], links: Mapping[str, str], total: int | None = None
) -> bytes:
    """A Bundle of type searchset; `links` = {"self": url, "next": url}."""
    return _bundle("searchset", links, total, [_search_entry(entry) for entry in entries])


def history(
    entries: Iterable[Versioned], links: Mapping[str, str], total: int | None = None
) -> bytes:
    """A Bundle of type history, newest version first."""
    return _bundle("history", links, total, [_history_entry(entry) for entry in entries])


def _search_entry(entry: Entry) -> bytes:
    return b'{"fullUrl":%b,"resource":%b,"search":{"mode":%b}}' % (
        write(entry.full_url),
        entry.body,
        _MODES[entry.mode],
    )


def _history_entry(entry: Versioned) -> bytes:
    resource = b"" if entry.body is None else b'"resource":' + entry.body + b","
    request = write({"method": entry.method, "url": entry.url})
    response = write(
        {"status": entry.status, "etag": entry.etag, "lastModified": entry.last_modified}
    )
    return b'{"fullUrl":%b,%b"request":%b,"response":%b}' % (
        write(entry.full_url),
        resource,
        request,
        response,
    )


def _bundle(
    kind: str, links: Mapping[str, str], total: int | None, entries: Sequence[bytes]
) -> bytes:
    head: dict[str, object] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    text = write(head)
    if not entries:
        return text  # FHIR has no empty arrays
    return text[:-1] + b',"entry":[' + b",".join(entries) + b"]}"
