"""One resource -> its own label: what its codes, names, texts and departments say (pure).

What it inherits from what it holds, or is held by, is `hie.exchange.labelling`. A result whose code
no table and no approved map knows is restricted, as UNMAPPED: a rule that knows nothing is no pass.
Thousands of results a second pass here; their codes and short texts repeat and are looked up once.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from hie.access.labels.label import UNMAPPED, label_with
from hie.access.labels.tables import Tables, said, tables
from hie.fhir import CANONICAL, ITEM, LOINC, Resource

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


def label_of(tree: Resource, loinc: Loinc, beside: int = 0) -> int:
    """The label of a resource by itself; `beside` are bits that are known from elsewhere.

    `loinc` is the catalogue's: which LOINC codes are of which item.
    """
    table = tables()
    bits = beside | _bits(table, tree, loinc)
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


def _bits(table: Tables, tree: Resource, loinc: Loinc) -> int:
    kind = tree.get("resourceType")
    if kind in _PEOPLE:
        return 0
    bits = 0
    if kind == "Observation":
        bits |= _code(table, tree.get("code", _NOTHING), loinc)
        for part in tree.get("component", ()):
            if part.get("code") != tree.get("code"):
                bits |= _code(table, part.get("code", _NOTHING), loinc)
    elif kind in _PANELS:
        bits |= panel_of(tree)
    for key, value in tree.items():
        if key in _NAMES and value:
            bits |= _named(table, value, key)
        if key not in _SILENT:
            bits |= _walk(table, key, value)
        elif key in ("performer", "agent", "code"):
            bits |= _displays(table, value)
    return bits


def _code(table: Tables, concept: Mapping[str, Any], loinc: Loinc) -> int:
    """What the code of a result says; UNMAPPED when nobody knows it."""
    known = False
    bits = 0
    for coding in concept.get("coding", ()):
        system, code = coding.get("system", ""), coding.get("code")
        if not code:
            continue
        if system == ITEM:
            known = known or not _is_proposed(coding, concept, loinc)
            bits |= table.items.get(code, 0)
            continue
        found = table.code(system, code)
        if found is None and system == LOINC and code in loinc:
            found = table.items.get(loinc[code][0], 0)
        if found is not None:
            known, bits = True, bits | found
    return bits if known else bits | UNMAPPED


def _is_proposed(coding: Mapping[str, Any], concept: Mapping[str, Any], loinc: Loinc) -> bool:
    """Whether an item is only what a name suggests: no map approved, no LOINC code sent says it."""
    for extension in coding.get("extension", ()):
        if extension.get("url") == _MAPPING and extension.get("valueCode") == "unconfirmed":
            return not any(
                one.get("system") == LOINC and one.get("code") in loinc
                for one in concept.get("coding", ())
            )
    return False


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
    """What texts and codes below an element say."""
    bits = 0
    for where, found in _leaves(key, value):
        if isinstance(found, str):
            bits |= said(table, "words", found)
            if where in _WHERE:
                bits |= said(table, "departments", found)
        else:
            bits |= table.code(found.get("system", ""), str(found.get("code"))) or 0
    return bits


def _leaves(key: str, value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Texts, and the codings they stand beside; `where` is the element above that tells a place."""
    if isinstance(value, str):
        if not _is_dull(value):
            yield where, value
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(key, one, where)
    elif isinstance(value, dict):
        where = key if key in _WHERE else where
        if "code" in value and "system" in value:
            yield where, value
        for name, part in value.items():
            if name == "display" and "reference" in value:
                yield "location", part  # what is pointed at by name: people and departments
            elif name not in _SILENT or (name == "code" and isinstance(part, dict)):
                yield from _leaves(name, part, where)


def _displays(table: Tables, value: Any) -> int:
    """The departments that references name."""
    bits = 0
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict) and isinstance(one.get("display"), str):
            bits |= said(table, "departments", one["display"])
    return bits


@lru_cache(maxsize=4096)
def _is_dull(text: str) -> bool:
    """Whether a text is a number, a date or a sign, and names nothing."""
    return not any(one.isalpha() for one in text)


_LOCAL = f"{CANONICAL}/CodeSystem/site/"
_NOTHING: Mapping[str, Any] = {}
