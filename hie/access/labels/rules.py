"""One resource -> its own label: what its codes, names, texts and departments say (pure).

What it inherits from what it holds, or is held by, is `hie.exchange.labelling`. A result whose code
no table and no approved map knows is restricted, as UNMAPPED: a rule that knows nothing is no pass.
Thousands of results a second pass here; their codes and short texts repeat and are looked up once.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hie.access.labels.files import file_of
from hie.access.labels.label import UNMAPPED, label_with
from hie.access.labels.tables import SHORT, Tables, said, tables
from hie.fhir import CANONICAL, CATEGORY, ITEM, LOINC, Resource

Loinc = Mapping[str, tuple[str, Any]]  # code -> item and whether that is confirmed
_MAPPING = f"{CANONICAL}/StructureDefinition/mapping"
# People: no word about them is one about what they have.
_PEOPLE = frozenset({"Patient", "Person", "Group", "Consent", "Practitioner", "PractitionerRole"})
_NAMES = frozenset(
    {
        "code", "orderDetail", "procedureCode", "serviceType", "category", "type", "reasonCode",
        "conclusionCode",
    }
)  # fmt: skip
_PANELS = frozenset({"DiagnosticReport", "ServiceRequest"})
_WHERE = frozenset(
    {"serviceType", "performerType", "specialty", "location", "locationCode", "serviceProvider"}
)
_SILENT = frozenset(
    {
        "resourceType", "id", "meta", "identifier", "subject", "patient", "system", "code", "url",
        "reference", "unit", "status", "use", "contentType", "language", "data", "versionId",
        "issued", "effectiveDateTime", "recorded", "performer", "basedOn", "target", "agent",
        "referenceRange", "accessionNumber", "uid", "hash", "creation", "sopClass", "entity",
    }
)  # fmt: skip


def label_of(tree: Resource, loinc: Loinc, beside: int = 0, *, mapped: bool = True) -> int:
    """The label of a resource by itself; `beside` are bits that are known from elsewhere.

    `loinc` is the catalogue's: which LOINC codes are of which item. `mapped`: what a code says of
    its map is the hub's own word, not a client's.
    """
    table = tables()
    bits = beside | _bits(table, tree, loinc, mapped)
    return label_with(table.level(bits), bits)


def panel_of(tree: Resource) -> int:
    """The bits that a report or an order says by its name of all its results."""
    name = _name(tree.get("code", _NOTHING))
    return said(tables(), "panels", name) if name else 0


def department_of(text: str) -> int:
    """The bits that a department's name says of what it asks for."""
    return said(tables(), "departments", text)


def text_of(text: str) -> int:
    """The bits of the topics that a text names."""
    return said(tables(), "words", text)


def _bits(table: Tables, tree: Resource, loinc: Loinc, mapped: bool) -> int:
    kind = tree.get("resourceType")
    if kind in _PEOPLE:
        return 0
    if kind == "Observation":
        return _result(table, tree, loinc, mapped)
    bits = panel_of(tree) if kind in _PANELS else 0
    if kind == "Binary" and isinstance(tree.get("data"), str):
        bits |= file_of(tree.get("contentType", ""), tree["data"])
    for key, value in tree.items():
        if key in _NAMES and value:
            bits |= _named(table, value, key)
        if key not in _SILENT:
            bits |= _walk(table, key, value)
        elif key in ("performer", "agent", "code"):
            bits |= _displays(table, value)
    return bits


def _result(table: Tables, tree: Resource, loinc: Loinc, mapped: bool) -> int:
    """What a result says: its codes at once, of the rest what is not plainly about nothing."""
    code = tree.get("code", _NOTHING)
    bits = _measured(table, code, loinc, mapped)
    for key, value in tree.items():
        if key == "component":
            for part in value:
                if part.get("code") != code:
                    bits |= _measured(table, part.get("code", _NOTHING), loinc, mapped)
        if key == "category":
            if value != _LABORATORY:
                bits |= _named(table, value, key) | _walk(table, key, value)
        elif key == "performer":
            bits |= _displays(table, value)
        elif key not in _SILENT and key not in _QUIET:
            bits |= _walk(table, key, value)
    return bits


def _measured(table: Tables, concept: Mapping[str, Any], loinc: Loinc, mapped: bool) -> int:
    """All that the code of a result says; the same few stand in most results."""
    key = (mapped, *_key(concept))
    kept = _MEASURED.get(key)
    if kept is not None and kept[0] is table and kept[1] is loinc:
        return kept[2]
    bits = _code(table, concept, loinc, mapped) | _named(table, concept, "code")
    if not _is_short(key):
        return bits
    if len(_MEASURED) > _MOST:
        _MEASURED.clear()
    _MEASURED[key] = (table, loinc, bits)
    return bits


def _key(concept: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        concept.get("text"),
        *(
            (one.get("system"), one.get("code"), one.get("display"), _state(one))
            for one in concept.get("coding", ())
        ),
    )


def _is_short(key: tuple[Any, ...]) -> bool:
    """Whether a key may be kept: few codings, and no text among them that only one result says."""
    return len(key) <= _MOST_CODINGS and all(
        len(one) <= SHORT if type(one) is str else type(one) is not tuple or _is_short(one)
        for one in key
    )


def _state(coding: Mapping[str, Any]) -> str | None:
    """Whether the map of an item is confirmed, as the hub wrote it."""
    for extension in coding.get("extension", ()):
        if extension.get("url") == _MAPPING:
            found: str | None = extension.get("valueCode")
            return found
    return None


def _code(table: Tables, concept: Mapping[str, Any], loinc: Loinc, mapped: bool) -> int:
    """What the code of a result says; UNMAPPED when nobody knows it."""
    known = False
    bits = 0
    for coding in concept.get("coding", ()):
        system, code = coding.get("system", ""), coding.get("code")
        if not code:
            continue
        if system == ITEM:
            known = known or (mapped and not _is_proposed(coding, concept, loinc))
            bits |= table.items.get(code, 0)
            continue
        found = table.code(system, code)
        known = known or (mapped and _state(coding) == "no-item")
        if found is None and system == LOINC and code in loinc:
            found = table.items.get(loinc[code][0], 0)
        if found is not None:
            known, bits = True, bits | found
    return bits if known else bits | UNMAPPED


def _is_proposed(coding: Mapping[str, Any], concept: Mapping[str, Any], loinc: Loinc) -> bool:
    """Whether an item is only what a name suggests: no map approved, no LOINC code sent says it."""
    return _state(coding) == "unconfirmed" and not any(
        one.get("system") == LOINC and one.get("code") in loinc for one in concept.get("coding", ())
    )


def _named(table: Tables, value: Any, key: str) -> int:
    bits = 0
    for concept in value if isinstance(value, list) else (value,):
        if not isinstance(concept, dict):
            continue
        name = _name(concept)
        if name:
            bits |= said(table, "names", name) | said(table, "words", name)
            if key == "serviceType":
                bits |= said(table, "departments", name)
        for coding in concept.get("coding", ()):
            bits |= table.code(coding.get("system", ""), str(coding.get("code"))) or 0
    return bits


def _name(concept: Mapping[str, Any]) -> str:
    """All the names of a code; a local code is a name too, one of a standard is a number."""
    if not isinstance(concept, dict):
        return ""
    parts = []
    for coding in concept.get("coding", ()):
        if coding.get("system", "").startswith((_LOCAL, "urn:")) or not coding.get("system"):
            parts.append(str(coding.get("code", "")))
        parts.append(str(coding.get("display", "")))
    parts.append(str(concept.get("text", "")))
    return " | ".join(dict.fromkeys(part for part in parts if part))


def _walk(table: Tables, key: str, value: Any) -> int:
    """What texts and codes in an element say; what stands for a place is a department's name too.

    One loop, for every result passes here.
    """
    bits = 0
    waiting: list[tuple[str, Any, bool]] = [(key, value, False)]
    for name, one, is_where in waiting:  # grows while it is read
        kind = type(one)
        if kind is str:
            if _is_dull(one) if len(one) <= SHORT else not _has_letter(one):
                continue
            bits |= said(table, "words", one)
            if is_where:
                bits |= said(table, "departments", one)
        elif kind is list:
            waiting.extend((name, part, is_where) for part in one)
        elif kind is dict:
            is_place = is_where or name in _WHERE
            if "code" in one and "system" in one:
                bits |= table.code(one["system"], str(one["code"])) or 0
            if "reference" in one:  # what is pointed at by name: people and departments
                display = one.get("display")
                if isinstance(display, str):
                    bits |= said(table, "words", display) | said(table, "departments", display)
                continue
            if "contentType" in one and isinstance(one.get("data"), str):
                bits |= file_of(one["contentType"], one["data"])
            for part, inner in one.items():
                if part not in _SILENT or (part == "code" and type(inner) is dict):
                    waiting.append((part, inner, is_place))
    return bits


def _displays(table: Tables, value: Any) -> int:
    """The departments that references name."""
    bits = 0
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict) and isinstance(one.get("display"), str):
            bits |= said(table, "departments", one["display"])
    return bits


def _has_letter(text: str) -> bool:
    return any(one.isalpha() for one in text)


@lru_cache(maxsize=4096)
def _is_dull(text: str) -> bool:
    """Whether a short text is a number, a date or a sign, and names nothing."""
    return not _has_letter(text)


_QUIET = frozenset({"valueQuantity", "specimen", "device"})
_LABORATORY = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]
_MOST, _MOST_CODINGS = 8192, 16
_MEASURED: dict[tuple[Any, ...], tuple[Tables, Loinc, int]] = {}
_LOCAL = f"{CANONICAL}/CodeSystem/site/"
_NOTHING: Mapping[str, Any] = {}
