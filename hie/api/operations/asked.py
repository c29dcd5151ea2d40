"""What an operation is asked: by GET in the query, by POST in Parameters; both say the same.

FHIR R4 operations.html#request. Names that the operation does not take, a repeat of one that is
taken once, and what is missing are refused by name.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from hie.api.negotiation import check_json
from hie.api.operations.given import listed
from hie.errors import Fault, InvalidRequest
from hie.fhir.wire import read_object

_GENERAL = frozenset({"_format", "_pretty"})
_MOST = 1_000
_TRUE = {"true": True, "false": False, True: True, False: False}


class Asked:
    """The parameters of one call: name to its values, texts or (of Parameters) JSON values."""

    def __init__(self, values: Mapping[str, list[Any]]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def all(self, name: str) -> list[Any]:
        """Every value of a parameter."""
        return self.values.get(name, [])

    def one(self, name: str) -> Any:
        """The value of a parameter; None when it is not given."""
        return next(iter(self.all(name)), None)

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text. Raises InvalidRequest for anything else."""
        value = self.one(name)
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            raise refused(name, "wrong-type", "a text")
        return value

    def required(self, name: str) -> str:
        """A text that must be there. Raises InvalidRequest."""
        value = self.text(name)
        if value is None:
            raise refused(name, "required", "a value")
        return value

    def number(self, name: str, default: int, least: int = 0, most: int = _MOST) -> int:
        """A whole number within bounds. Raises InvalidRequest."""
        value = self.one(name)
        if value is None:
            return default
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        plain = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 9
        if not plain or not least <= int(text) <= most:
            raise refused(name, "invalid-value", f"{least} to {most}")
        return int(text)

    def truth(self, name: str, *, default: bool = False) -> bool:
        """Whether it says true. Raises InvalidRequest."""
        value = self.one(name)
        if value is None:
            return default
        if not isinstance(value, str | bool) or value not in _TRUE:
            raise refused(name, "invalid-value", "true or false")
        return _TRUE[value]

    def element(self, name: str) -> Mapping[str, Any] | None:
        """A complex value such as a Coding, or a resource. Raises InvalidRequest."""
        value = self.one(name)
        if value is not None and not isinstance(value, dict):
            raise refused(name, "wrong-type", "an element, in Parameters")
        return value


def refused(name: str, code: str, expected: str) -> InvalidRequest:
    """A parameter that cannot be taken, by name."""
    shown = name[:64] or "parameter"
    return InvalidRequest(f"{shown}: expected {expected}", (Fault(shown, code, expected),))


async def read_asked(request: Request, *names: str, repeats: frozenset[str] = frozenset()) -> Asked:
    """The parameters of a call that takes these names. Raises InvalidRequest naming the wrong."""
    pairs: list[tuple[str, Any]] = list(parse_qsl(request.url.query, keep_blank_values=True))
    body = await request.body() if request.method == "POST" else b""
    if body:
        check_media(request)
        pairs += parameters(read_object(body))
    return sorted_out(pairs, names, repeats)


async def read_pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of a call that takes search parameters, as a query has them."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    body = await request.body() if request.method == "POST" else b""
    if not body:
        return pairs
    check_media(request)
    return [
        *pairs,
        *((name, _as_query(name, value)) for name, value in parameters(read_object(body))),
    ]


def _as_query(name: str, value: Any) -> str:
    """A value of Parameters as a query would say it: Type/id, system|code."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, dict) and isinstance(value.get("reference"), str):
        return str(value["reference"])
    coding = value
    if isinstance(value, dict) and isinstance(value.get("coding"), list) and value["coding"]:
        coding = value["coding"][0]
    if isinstance(coding, dict) and isinstance(coding.get("code"), str):
        return f"{coding['system']}|{coding['code']}" if "system" in coding else coding["code"]
    raise refused(name, "wrong-type", "a text, a number, a reference or a coding")


def check_media(request: Request) -> None:
    """Raises UnsupportedMedia for a body that is not FHIR JSON in UTF-8."""
    check_json(request.headers)


def parameters(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Name and value of each parameter; parts and resources are values too."""
    if tree.get("resourceType") != "Parameters":
        raise refused("resourceType", "other-type", "Parameters")
    found: list[tuple[str, Any]] = []
    for place, one in enumerate(listed(tree)):
        held = [k for k in one if k in ("resource", "part") or k.startswith("value")]
        name = one.get("name")
        if not isinstance(name, str) or not name or len(held) != 1:
            raise refused(f"Parameters.parameter[{place}]", "required", "a name and one value")
        found.append((name, one[held[0]]))
    return found


def sorted_out(
    pairs: list[tuple[str, Any]], names: tuple[str, ...], repeats: frozenset[str]
) -> Asked:
    """The pairs by name. Raises InvalidRequest for unknown, empty and repeated ones."""
    known = frozenset(names) | repeats
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        if name in _GENERAL:
            continue
        if name not in known:
            raise refused(name, "unknown-parameter", ", ".join(sorted(known)) or "none")
        if value == "":
            raise refused(name, "empty", "a value")
        if name in values and name not in repeats:
            raise refused(name, "repeated", "this parameter once")
        values.setdefault(name, []).append(value)
    return Asked(values)
