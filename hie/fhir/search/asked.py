"""What a search value asks for, by the type of its parameter: text in, values out, or a refusal.

FHIR R4 search.html#ptypes. What a value escapes is itself (`separators`); a wrong value is refused
by the parameter's name, never read as something near it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hie.errors import Fault, InvalidRequest
from hie.fhir.elements import bounds
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.separators import split, unescape

PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
_ZONE = re.compile(r"T.*(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_HERE = "+08:00"  # the zone of a time that names none (FHIR R4 search.html#date)
_DAY = 86_400_000_000
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
_MOST_DIGITS = 60


@dataclass(frozen=True, slots=True)
class Token:
    """One token value: `system` None is any, "" is none; `code` None is any."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Typed:
    """The value of `:of-type`: an identifier of this type."""

    system: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class When:
    """One date value: a prefix, and the interval [start, end) in microseconds it means.

    `ap` has its margin in the interval already.
    """

    prefix: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Amount:
    """One quantity value: a prefix, the number and half its last digit, and the unit if named.

    `system` None is any, "" is none; `code` None is any unit.
    """

    prefix: str
    number: Decimal
    margin: Decimal
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """One string or uri value."""

    text: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """One reference value: a type and an id, an id alone, or an absolute address."""

    type: str | None
    id: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """One composite value: what each of its parts asks for."""

    parts: tuple["Value", ...]


Value = Token | Typed | When | Amount | Words | Pointer | Parts


def read_value(parameter: Parameter, modifier: str, text: str) -> Value:
    """One value of a parameter; `modifier` without its colon. Raises InvalidRequest by name."""
    if modifier == "missing":
        if text not in ("true", "false"):
            raise bad(parameter.name, "invalid-value", "true or false")
        return Token(None, text)
    if parameter.kind is Kind.COMPOSITE:
        texts = split(text, "$")
        if len(texts) != len(parameter.parts) or not all(texts):
            raise bad(parameter.name, "not-a-composite", f"{len(parameter.parts)} parts with $")
        return Parts(
            tuple(
                _read(parameter.name, part.kind, "", one)
                for part, one in zip(parameter.parts, texts, strict=True)
            )
        )
    return _read(parameter.name, parameter.kind, modifier, text)


def _read(name: str, kind: Kind, modifier: str, text: str) -> Value:
    if modifier == "text":
        return Words(plain(name, text))
    if modifier == "of-type":
        return _typed(name, text)
    if modifier == "identifier":
        return token(name, text)
    match kind:
        case Kind.TOKEN:
            return token(name, text)
        case Kind.DATE:
            return when(name, text)
        case Kind.QUANTITY:
            return amount(name, text)
        case Kind.REFERENCE:
            return pointer(name, plain(name, text), modifier or None)
        case _:
            return Words(plain(name, text))


def plain(name: str, text: str) -> str:
    """The characters a value means. Raises InvalidRequest for a backslash before anything else."""
    found = unescape(text)
    if found is None:
        raise bad(name, "wrong-escape", "a backslash before , | $ or a backslash")
    return found


def token(name: str, text: str) -> Token:
    """`code`, `system|code`, `|code` or `system|`."""
    parts = [plain(name, part) for part in split(text, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise bad(name, "not-a-token", "code, system|code, |code or system|")
    return Token(parts[0], parts[1] or None)


def _typed(name: str, text: str) -> Typed:
    parts = [plain(name, part) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise bad(name, "not-of-type", "system|code|value")
    return Typed(*parts)


def when(name: str, text: str) -> When:
    """A date value: an optional prefix and a FHIR date or dateTime."""
    prefix, rest = _prefixed(text)
    rest = rest.replace(" ", "+")  # a plus that was not encoded
    if "T" in rest and not _ZONE.search(rest):
        rest += _HERE
    found = bounds(rest)
    if found is None:
        raise bad(name, "not-a-date", "an optional prefix and a FHIR date or dateTime")
    start, end = found
    if prefix == "ap":
        return When(prefix, start - _DAY, end + _DAY)
    return When(prefix, start, end)


def amount(name: str, text: str) -> Amount:
    """A quantity value: an optional prefix, a number, and `|system|code` or `||code`."""
    texts = [plain(name, part) for part in split(text, "|")]
    prefix, digits = _prefixed(texts[0])
    if len(texts) not in (1, 3) or not _NUMBER.match(digits) or len(digits) > _MOST_DIGITS:
        raise bad(name, "not-a-quantity", "number, number|system|code or number||code")
    try:
        number = Decimal(digits)
    except InvalidOperation as problem:  # pragma: no cover - the pattern takes none of these
        raise bad(name, "not-a-quantity", "a number") from problem
    exponent = number.as_tuple().exponent
    margin = Decimal(5).scaleb(int(exponent) - 1)
    if prefix == "ap":
        margin = max(margin, abs(number) / 10)
    if len(texts) == 1:
        return Amount(prefix, number, margin, None, None)
    return Amount(prefix, number, margin, texts[1] or None, texts[2] or None)


def pointer(name: str, text: str, kind: str | None = None) -> Pointer:
    """A reference value: an id, Type/id, or an absolute address; `kind` is the modifier's type."""
    if "://" in text or text.startswith("urn:"):
        return Pointer(kind, "", text)
    stated, slash, key = text.rpartition("/")
    if (slash and (not stated or "/" in stated)) or not key:
        raise bad(name, "wrong-reference", "Type/<id>, <id> or an absolute address")
    if kind is not None and stated not in ("", kind):
        raise bad(name, "wrong-reference", f"{kind}/<id>")
    return Pointer(stated or kind, key)


def bad(parameter: str, code: str, expected: str) -> InvalidRequest:
    """A refusal that names the parameter (cut: it is the caller's text)."""
    return InvalidRequest(f"parameter {parameter[:64]!r}", (Fault(parameter[:64], code, expected),))


def _prefixed(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
