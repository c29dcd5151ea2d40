"""What a search value asks for, by the type of its parameter: text in, values out, or a refusal.

FHIR R4 search.html#ptypes. What a value escapes is itself (`separators`); a wrong value is refused
by the parameter's name, never read as something near it.
"""

import re

from hie.fhir.elements import bounds
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.numbers import amount, near, prefixed
from hie.fhir.search.refusal import bad, plain
from hie.fhir.search.separators import split
from hie.fhir.search.values import Parts, Pointer, Token, Typed, Value, When, Words

LONGEST = 2_000  # characters of one value
_ZONE = re.compile(r"T.*(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_HERE = "+08:00"  # the zone of a time that names none (FHIR R4 search.html#date)
_DAY = 86_400_000_000
_SETS = frozenset({"in", "not-in"})
_TREE = frozenset({"above", "below"})


def read_value(parameter: Parameter, modifier: str, text: str, base: str = "") -> Value:
    """One value of a parameter; `modifier` without its colon. Raises InvalidRequest by name.

    `base` is the address of this server: a reference below it is one of its own. The value of
    `:in` is the address of a value set, of `:below` a code: the store knows what they come to.
    """
    name, kind = parameter.name, parameter.kind
    if len(text) > LONGEST:
        raise bad(name, "too-long", f"at most {LONGEST} characters in a value")
    if modifier == "missing":
        if text not in ("true", "false"):
            raise bad(name, "invalid-value", "true or false")
        return Token(None, text)
    if kind is Kind.COMPOSITE:
        texts = split(text, "$")
        if len(texts) != len(parameter.parts) or not all(texts):
            raise bad(name, "not-a-composite", f"{len(parameter.parts)} parts with $")
        return Parts(
            tuple(
                _read(name, part.kind, "", one, base)
                for part, one in zip(parameter.parts, texts, strict=True)
            )
        )
    return _read(name, kind, modifier, text, base)


def _read(name: str, kind: Kind, modifier: str, text: str, base: str) -> Value:
    if modifier == "text" or modifier in _SETS:
        return Words(plain(name, text))
    if modifier == "of-type":
        return _typed(name, text)
    if modifier == "identifier":
        return token(name, text)
    match kind:
        case Kind.TOKEN:
            return _placed(name, text) if modifier in _TREE else token(name, text)
        case Kind.DATE:
            return when(name, text)
        case Kind.QUANTITY | Kind.NUMBER:
            return amount(name, text, is_quantity=kind is Kind.QUANTITY)
        case Kind.REFERENCE:
            return pointer(name, plain(name, text), modifier or None, base)
        case Kind.SPECIAL:
            return near(name, text)
        case _:
            return Words(plain(name, text))


def token(name: str, text: str) -> Token:
    """`code`, `system|code`, `|code` or `system|`."""
    parts = [plain(name, part) for part in split(text, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise bad(name, "not-a-token", "code, system|code, |code or system|")
    return Token(parts[0], parts[1] or None)


def _placed(name: str, text: str) -> Token:
    """A code whose place among the codes of its system is asked about."""
    found = token(name, text)
    if not found.system or found.code is None:
        raise bad(name, "no-system", "system|code, of a code system that is known here")
    return found


def _typed(name: str, text: str) -> Typed:
    parts = [plain(name, part) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise bad(name, "not-of-type", "system|code|value")
    return Typed(*parts)


def when(name: str, text: str) -> When:
    """A date value: an optional prefix and a FHIR date or dateTime."""
    prefix, rest = prefixed(plain(name, text))
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


def pointer(name: str, text: str, kind: str | None = None, base: str = "") -> Pointer:
    """A reference value: an id, Type/id, Type/id/_history/version, or an absolute address.

    `kind` is the modifier's type; what lies below `base` is this server's.
    """
    if base and text.startswith(f"{base}/"):
        text = text.removeprefix(f"{base}/")
    elif "://" in text or text.startswith("urn:"):
        return Pointer(kind, "", text)
    text, _, version = text.partition("/_history/")
    stated, slash, key = text.rpartition("/")
    if (slash and (not stated or "/" in stated)) or not key or "/" in version:
        raise bad(name, "wrong-reference", "Type/<id>, <id> or an absolute address")
    if kind is not None and stated not in ("", kind):
        raise bad(name, "wrong-reference", f"{kind}/<id>")
    return Pointer(stated or kind, key, version=version or None, base=base)
