"""One stored version of a resource, and the columns it is read from."""

from typing import TYPE_CHECKING

import msgspec

from hie.fhir import Resource
from hie.fhir.wire import parse
from hie.store.cells import open_body
from hie.store.session import Row

if TYPE_CHECKING:
    from hie.store.database import Database

STORED = "home, id, version, updated_us, message, label, dict, body"
KEPT = len(STORED.split(", "))
LABEL = STORED.split(", ").index("label")
FOUND = f"{STORED}, is_ruled"  # of what comes through `visible`
WIDTH = len(FOUND.split(", "))


class Stored(msgspec.Struct, frozen=True):
    """A version as it was written: `body` is what is served, byte for byte.

    `deleted`: the version that says the resource is gone; its body is the one before. `owner` is
    the institution whose key it was sealed with. `is_ruled`: the patient may have rules of
    Consents, as far as the statement that found it knows.
    """

    type: str
    home: str
    id: str
    version: int
    updated_us: int
    message: str | None
    body: bytes
    deleted: bool = False
    owner: str = ""
    is_ruled: bool = True

    @property
    def reference(self) -> str:
        """The versioned reference, "Observation/x/_history/1"."""
        return f"{self.type}/{self.id}/_history/{self.version}"

    def resource(self) -> Resource:
        """The body as a JSON tree, digits kept; a fresh one at each call."""
        return parse(self.body)


def stored(db: "Database", kind: str, row: Row) -> Stored:
    """A row of the columns STORED, and of `deleted` if it is asked for too."""
    home, key, version, updated_us, message, label, dictionary, body, *deleted = row
    text, owner = open_body(db, kind, home, key, version, message, label, dictionary, body)
    return Stored(kind, home, key, version, updated_us, message, text, bool(*deleted[:1]), owner)


def found(db: "Database", kind: str, row: Row) -> Stored:
    """A row that begins with the columns FOUND."""
    home, key, version, updated_us, message, label, dictionary, body, is_ruled = row[:WIDTH]
    text, owner = open_body(db, kind, home, key, version, message, label, dictionary, body)
    return Stored(kind, home, key, version, updated_us, message, text, False, owner, bool(is_ruled))
