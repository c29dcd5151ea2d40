"""The parameters of an address that is no search: known by name, each once, none of them empty.

FHIR R4 http.html#parameters: `_format`, `_pretty`, `_summary` and `_elements` go with every
interaction; what else an interaction takes, it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from hie.fhir.search.refusal import bad, unknown
from hie.fhir.search.shape import SUMMARIES, is_whole, shaped
from hie.fhir.wire import write
from hie.store.search.registry import MOST_COUNT
from hie.store.served import Stored

_GENERAL = frozenset({"_format", "_pretty", "_summary", "_elements"})
_SUMMARY = {"false": "", **{one: one for one in SUMMARIES}}
_MOST_ELEMENTS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one address; `values` has those of the interaction itself."""

    values: Mapping[str, str]
    summary: str = ""
    elements: tuple[str, ...] = ()

    def body(self, one: Stored) -> bytes:
        """A version as stored, byte for byte, unless less of it was asked for."""
        if is_whole(self.summary, self.elements):
            return one.body
        return write(shaped(one.resource(), self.summary, self.elements))

    def count(self, default: int) -> int:
        """`_count`, or as many as a page has at most. Raises InvalidRequest."""
        text = self.values.get("_count", str(default))
        if not (text.isascii() and text.isdigit()):
            raise bad("_count", "invalid-value", f"0 to {MOST_COUNT}")
        return min(int(text), MOST_COUNT) if len(text) <= 9 else MOST_COUNT


def read_asked(request: Request, allowed: frozenset[str] = frozenset()) -> Asked:
    """What an address asks. Raises InvalidRequest for the first parameter that is wrong."""
    if not request.scope["query_string"]:
        return _NOTHING
    found: dict[str, str] = {}
    known = _GENERAL | allowed
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise unknown(name, known)
        if name in found:
            raise bad(name, "repeated", "this parameter once")
        if not value:
            raise bad(name, "empty", "a value")
        found[name] = value
    if found.get("_pretty", "true") not in ("true", "false"):
        raise bad("_pretty", "invalid-value", "true, false")
    summary = found.get("_summary", "false")
    if summary not in _SUMMARY:
        raise bad("_summary", "invalid-value", ", ".join(sorted(_SUMMARY)))
    elements = tuple(found["_elements"].split(",")) if "_elements" in found else ()
    if len(elements) > _MOST_ELEMENTS or not all(
        one.isascii() and one.isalnum() for one in elements
    ):
        raise bad("_elements", "invalid-value", "names of elements of the top level")
    if elements and _SUMMARY[summary]:
        raise bad("_elements", "invalid-value", "no _summary beside it")
    own = {name: value for name, value in found.items() if name not in _GENERAL}
    return Asked(own, _SUMMARY[summary], elements)


_NOTHING = Asked({})
