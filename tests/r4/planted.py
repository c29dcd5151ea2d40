"""Resources with one thing planted where a search parameter looks, and one with another thing.

Made from the parameters themselves: a new parameter is planted and asked without a new line here.
Codes, people and institutions are invented; nothing here is valid FHIR, it need only be found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from hie.fhir.search.definitions import Kind, Parameter, Path, Step
from hie.fhir.search.modifiers import modifiers
from hie.schemas import schema
from hie.terminology.shipped import shipped

SYSTEM = "http://search.example/CodeSystem/tree"
CODES = ("sought", "another")
ABOVE = "above"
SETS = "http://search.example/ValueSet"
UCUM = "http://unitsofmeasure.org"
_TREE = frozenset({"above", "below"})
_UNPLANTED = frozenset({"SampledData", "exists", "Attachment", "Range"})


@dataclass(frozen=True)
class Plant:
    """What is sought, what is not, and how each modifier asks ("" is none)."""

    sought: Any
    other: Any
    asks: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  # modifiers that need a code system nobody here knows


def planted(kind: str, parameter: Parameter) -> tuple[Plant, Path | None]:
    """What to plant for a parameter of a type, and at which of its paths (None: a composite's)."""
    if parameter.kind is Kind.COMPOSITE:
        parts = [_of_path(part.kind, part.paths[0], "", ()) for part in parameter.parts]
        asked = "$".join(part.asks[""] for part in parts)
        return Plant([p.sought for p in parts], [p.other for p in parts], {"": asked}), None
    path = next(one for one in parameter.paths if one.datatype not in _UNPLANTED)
    targets = tuple(sorted(parameter.targets))
    return _of_path(parameter.kind, path, parameter.name, targets), path


def asked(parameter: Parameter, plant: Plant) -> Iterator[tuple[str, str]]:
    """Every modifier that is answered, with a value; a modifier that nobody asks is a fault."""
    yield "", plant.asks[""]
    for modifier in sorted(modifiers(parameter)):
        if modifier == "missing":
            yield "missing", "true"
            yield "missing", "false"
        elif modifier in parameter.targets:
            kind, _, id_ = plant.asks["type"].partition("/")
            if modifier == kind:  # of the others it is enough that they are in the same list
                yield modifier, id_
        else:
            yield modifier, plant.asks[modifier]


def put_in(kind: str, tree: dict[str, Any], steps: tuple[Step, ...], value: Any) -> None:
    """Set the element at the end of the steps, lists where R4 has lists."""
    place, here = kind, tree
    for n, step in enumerate(steps):
        is_list, below = _member(place, step.name)
        last = n == len(steps) - 1
        held: Any = value if last else {}
        if step.member:
            held = {**(held if isinstance(held, dict) else {}), step.member: step.value}
        if step.name in here and not last:
            standing = here[step.name]
            here = standing[0] if isinstance(standing, list) else standing
        else:
            here[step.name] = [held] if is_list else held
            here = held if isinstance(held, dict) else {}
        place = below


def tree_of(kind: str, id_: str, parameter: Parameter, path: Path | None, value: Any) -> Any:
    """A resource with this planted."""
    tree: dict[str, Any] = {"resourceType": kind, "id": id_}
    if path is not None:
        put_in(kind, tree, path.steps, value)
        return tree
    base = parameter.bases[0]
    for part, one in zip(parameter.parts, value, strict=True):
        put_in(kind, tree, (*base, *part.paths[0].steps), one)
    return tree


def _of_path(kind: Kind, path: Path, name: str, targets: tuple[str, ...]) -> Plant:
    match kind:
        case Kind.TOKEN:
            return _token(path)
        case Kind.DATE:
            return _date(path)
        case Kind.QUANTITY:
            sought = {"value": Decimal("5.4"), "unit": "mmol/L", "system": UCUM, "code": "mmol/L"}
            return Plant(sought, {**sought, "value": Decimal(9)}, {"": f"5.4|{UCUM}|mmol/L"})
        case Kind.STRING:
            return _string(path)
        case Kind.REFERENCE:
            return _reference(path, targets)
        case Kind.SPECIAL:
            near = {"latitude": Decimal("39.90"), "longitude": Decimal("116.40")}
            far = {"latitude": Decimal("30.59"), "longitude": Decimal("114.30")}
            return Plant(near, far, {"": "39.91|116.41|5|km"})
        case _:
            asks = {
                "": "http://search.example/a/b",
                "below": "http://search.example/a",
                "above": "http://search.example/a/b/c",
            }
            return Plant(asks[""], "http://other.example/a/b", asks)


def _token(path: Path) -> Plant:
    sought, other = CODES
    system, refused = SYSTEM, frozenset[str]()
    if path.datatype == "code" and path.systems:
        system = path.systems[0]
        known = shipped().systems.get(system)
        refused = frozenset() if known else _TREE
        sought, other = [*(known.concepts if known else CODES), "another"][:2]
    asks = {
        "": sought,
        "not": sought,
        "text": "sought wor",
        "in": set_of(system, sought),
        "not-in": set_of(system, sought),
        "below": f"{system}|{sought if system != SYSTEM else ABOVE}",
        "above": f"{system}|{sought}",
        "of-type": f"{SYSTEM}|{sought}|{sought}",
    }
    if path.datatype == "boolean":
        return Plant(True, False, {"": "true", "not": "true"})

    def coding(code: str) -> dict[str, str]:
        return {"system": SYSTEM, "code": code, "display": f"{code} word"}

    match path.datatype:
        case "CodeableConcept":
            return Plant({"coding": [coding(sought)]}, {"coding": [coding(other)]}, asks)
        case "Coding":
            return Plant(coding(sought), coding(other), asks)
        case "Identifier" | "ContactPoint":
            made = {
                one: {"system": SYSTEM, "value": one, "type": _typed(one)}
                for one in (sought, other)
            }
            asks |= {"": f"{SYSTEM}|{sought}"} | _contact(path, sought)
            return Plant(made[sought], made[other], asks)
    return Plant(sought, other, asks, refused)


def _contact(path: Path, value: str) -> dict[str, str]:
    return {"": value} if path.datatype == "ContactPoint" else {}


def _typed(code: str) -> dict[str, Any]:
    return {"coding": [{"system": SYSTEM, "code": code}], "text": f"{code} word"}


def _date(path: Path) -> Plant:
    asks = {"": "2026-06-01"}
    sought, other = "2026-06-01", "2020-01-01"
    if path.datatype == "Period":
        return Plant({"start": sought, "end": sought}, {"start": other, "end": other}, asks)
    if path.datatype == "Timing":
        return Plant({"event": [sought]}, {"event": [other]}, asks)
    if path.datatype == "instant":
        return Plant(f"{sought}T08:00:00+08:00", f"{other}T08:00:00+08:00", asks)
    return Plant(sought, other, asks)


def _string(path: Path) -> Plant:
    sought, other = "Sought-for", "Another one"
    asks = {"": "soughtf", "exact": sought, "contains": "GHT"}
    member = {"HumanName": "family", "Address": "city"}.get(path.datatype)
    if member is None:
        return Plant(sought, other, asks)
    return Plant({member: sought}, {member: other}, asks)


def _reference(path: Path, targets: tuple[str, ...]) -> Plant:
    asks = {"identifier": f"{SYSTEM}|sought"}
    if path.datatype != "Reference":
        sought, other = "http://search.example/a|1", "http://search.example/b|1"
        return Plant(sought, other, {**asks, "": "http://search.example/a"})
    kind = "Patient" if "Patient" in targets or not targets else targets[0]
    asks |= {"": f"{kind}/sought", "type": f"{kind}/sought"}
    named = {"identifier": {"system": SYSTEM, "value": "sought"}}
    return Plant({"reference": f"{kind}/sought", **named}, {"reference": f"{kind}/other"}, asks)


def set_of(system: str, code: str) -> str:
    """The address of a value set that has this code alone."""
    return f"{SETS}/{'tree' if system == SYSTEM else system.rpartition('/')[2]}-{code}"


@cache
def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(schema("fhir", "r4.schema.json").read_bytes())
    return dict(found["definitions"])


def _member(place: str, name: str) -> tuple[bool, str]:
    """Whether an element is a list, and the definition of what it holds."""
    element = _definitions().get(place, {}).get("properties", {}).get(name, {})
    is_list = element.get("type") == "array"
    held = element.get("items", {}) if is_list else element
    return is_list, str(held.get("$ref", "")).rpartition("/")[2]
