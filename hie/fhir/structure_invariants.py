"""Invariants of StructureDefinition and its elements that compare them: sdf-* and eld-*.

structuredefinition.html#invs, elementdefinition.html#invs, as their expressions are written; what
looks at one element's members alone is in the schema. eld-11 as written is always met.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Broken = tuple[str, str, str]
Element = Mapping[str, Any]

_R4 = "http://hl7.org/fhir/StructureDefinition"
_SYSTEM = "http://hl7.org/fhirpath/System."
_BARRED = frozenset(" \t\n\r\f\v.,:;'\"/|?!@#$%&*()[]{}")
_LONGEST = 64
_SLICE_MARKS = frozenset("/-_[]@")
_NOT_REFERRING = ("defaultValue", "fixed", "pattern", "minValue", "maxValue")


def structure_definition(resource: Element) -> Iterator[Broken]:
    """Every invariant of a StructureDefinition and of its elements that is broken."""
    for view in ("snapshot", "differential"):
        if view not in resource:
            continue
        elements: Sequence[Element] = resource[view].get("element", ())
        yield from _view(resource, view, elements)
        for number, element in enumerate(elements):
            for key, demand in _element(element):
                yield f".{view}.element[{number}]", key, demand


def _view(resource: Element, view: str, elements: Sequence[Element]) -> Iterator[Broken]:
    where = f".{view}.element"
    kind, of_r4 = resource.get("kind"), str(resource.get("url", "")).startswith(_R4)
    yield from _ids(view, elements)
    yield from _paths(resource, view, elements)
    for number, one in enumerate(elements):
        place = f"{where}[{number}]"
        if "." not in one.get("path", ""):
            if _has(one, "label", "code", "requirements"):
                yield place, "sdf-9", "no label, code or requirements on the root"
            if "sliceName" in one:
                yield place, "sdf-23", "no slice name on the root"
            if view == "differential" and "slicing" in one:
                yield place, "sdf-20", "no slicing on the root"
        if of_r4 and any(not _is_r4_type(t.get("code", ""), view) for t in one.get("type", ())):
            yield place, "sdf-19", "types of FHIR only"
        if _starts(one, "defaultValue"):
            if of_r4:
                yield place, "sdf-22", "no default value"
            if view == "differential" and resource.get("derivation") != "specialization":
                yield place, "sdf-21", "a default value in specialisations only"
    first = elements[0] if elements else {}
    if kind != "logical" and "type" in first:
        if view == "snapshot":
            yield f"{where}[0]", "sdf-15", "no type on the first element"
        elif "." not in first.get("path", ""):
            yield f"{where}[0]", "sdf-15a", "no type on the first element"


def _ids(view: str, elements: Sequence[Element]) -> Iterator[Broken]:
    seen: set[str] = set()
    unique = "sdf-16" if view == "snapshot" else "sdf-17"
    for number, one in enumerate(elements):
        place = f".{view}.element[{number}]"
        if "id" not in one:
            yield place, "sdf-14", "an id"
        elif one["id"] in seen:
            yield place, unique, "an id that no other element has"
        seen.add(one.get("id", ""))


def _paths(resource: Element, view: str, elements: Sequence[Element]) -> Iterator[Broken]:
    """sdf-1, sdf-8, sdf-8a, sdf-11: where the elements stand."""
    if not elements:
        return
    where, paths = f".{view}.element", [str(one.get("path", "")) for one in elements]
    own, is_logical = str(resource.get("type", "")), resource.get("kind") == "logical"
    if view == "snapshot":
        if resource.get("derivation") != "constraint" and len(set(paths)) < len(paths):
            yield where, "sdf-1", "each path once"
        if not is_logical and paths[0] != own:
            yield f"{where}[0].path", "sdf-11", "the type"
        key, start, root_fits = "sdf-8", f"{paths[0]}.", is_logical or paths[0] == own
    else:
        start = f"{paths[0].partition('.')[0]}."
        key, root_fits = "sdf-8a", is_logical or paths[0].startswith(own)
    if not root_fits or not all(path.startswith(start) for path in paths[1:]):
        yield where, key, "elements of the type alone"


def _element(one: Element) -> Iterator[tuple[str, str]]:
    """eld-*: the key, and what is demanded."""
    kinds = one.get("type", ())
    least, most = one.get("min"), one.get("max")
    if most is not None and most != "*":
        if not (most.isascii() and most.isdigit()):
            yield "eld-3", 'a number or "*"'
        elif least is not None and len(most) < 10 and least > int(most):
            yield "eld-2", "a min that is not over max"
    fixed, pattern = _starts(one, "fixed"), _starts(one, "pattern")
    if "contentReference" in one:
        others = any(_starts(one, stem) for stem in _NOT_REFERRING)
        if others or _has(one, "type", "example", "maxLength", "binding"):
            yield "eld-5", "nothing that the element referred to says"
    if fixed and len(kinds) > 1:
        yield "eld-6", "one type beside a fixed value"
    if pattern and len(kinds) > 1:
        yield "eld-7", "one type beside a pattern"
    if fixed and pattern:
        yield "eld-8", "a fixed value or a pattern"
    if _repeats([each.get("code") for each in kinds]):
        yield "eld-13", "each type once"
    if _repeats([each.get("key") for each in one.get("constraint", ())]):
        yield "eld-14", "each key once"
    if _starts(one, "defaultValue") and "meaningWhenMissing" in one:
        yield "eld-15", "a default value or what its absence means"
    name = one.get("sliceName")
    if name is not None and not all(_is_plain(c) or c in _SLICE_MARKS for c in name):
        yield "eld-16", "a slice name of letters, digits and / - _ [ ] @"
    if "path" in one and not _is_path(one["path"]):
        yield "eld-19", "names without special characters, at most 64 long"


def _is_path(path: str) -> bool:
    """Names between dots; later ones may end in `[x]`, and have a slice after a colon."""
    for number, step in enumerate(path.split(".")):
        name, colon, slice_ = step.partition(":") if number else (step, "", "")
        if number:
            name = name.removesuffix("[x]")
        if not 1 <= len(name) <= _LONGEST or not _BARRED.isdisjoint(name):
            return False
        if colon and (not slice_ or any(c.isspace() for c in slice_)):
            return False
    return True


def _is_r4_type(code: str, view: str) -> bool:
    if code.startswith(_SYSTEM):
        rest = code.removeprefix(_SYSTEM)
        return rest.isascii() and rest.isalpha() and rest[0].isupper() and len(rest) > 1
    plain = code.replace(".", "") if view == "snapshot" else code
    return bool(plain) and all(_is_plain(c) for c in plain)


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _has(one: Element, *names: str) -> bool:
    return any(name in one for name in names)


def _starts(one: Element, stem: str) -> bool:
    """Whether a member of a choice is there: `fixed` is fixedUri, or _fixedUri."""
    return any(key.lstrip("_").startswith(stem) for key in one)


def _repeats(values: Sequence[Any]) -> bool:
    return len(set(values)) < len(values)
