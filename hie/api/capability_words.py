"""What the CapabilityStatement says in words: what a search may be asked alone, and what beside it.

Written from the registry of search parameters, so that it cannot say anything else than what the
search does. FHIR R4 capabilitystatement.html (`rest.documentation`, `rest.resource.documentation`).
"""

from typing import Any

from hie.fhir.search.definitions import Kind, Parameter
from hie.store.names import PARAMETERS as NAMES
from hie.store.search.registry import (
    BOUND,
    COMMON,
    INDEXED,
    LOOKED_UP,
    MOST_COUNT,
    MOST_EVALUATED,
    MOST_VALUES,
    PARAMETERS,
)

_R4 = "http://hl7.org/fhir/SearchParameter"
OF_SERVER = (
    "FHIR R4 in JSON. Stored bytes are served as they were written: decimals keep their digits, "
    "lists their order, unknown extensions their content. What a token does not permit to see is "
    "answered like what is not there. An unknown, empty or repeated parameter is refused by name; "
    "with Prefer: handling=lenient it is left out and told. What no index answers is refused as "
    "too-costly, never scanned. A Subscription is kept and nothing is called. The same interface "
    "as OpenAPI 3.1, for a caller with a token: /openapi.json."
)
# What goes with every search beside the parameters of R4's Resource, and the kind of its value.
_RESULTS = (
    ("_count", "number", f"Resources a page, at most {MOST_COUNT}; more is the most."),
    ("_elements", "string", "Elements of the top level."),
    ("_has", "string", "Type:reference:parameter, beside what narrows the search."),
    ("_include", "string", "Type:parameter, also :iterate and Type:*."),
    ("_revinclude", "string", "Type:parameter, also :iterate and Type:*."),
    ("_sort", "string", "See the resource; - turns it round."),
    ("_summary", "token", "true, text, data, count, false."),
    ("_total", "token", "none, estimate, accurate."),
)


def common_parameters() -> list[dict[str, Any]]:
    """What every type can be searched by: `rest.searchParam`."""
    first, *others = PARAMETERS.values()
    shared = [name for name in first if all(name in one for one in others)]
    return [
        {
            "name": name,
            "definition": f"{_R4}/Resource-{name.removeprefix('_')}",
            "type": str(first[name].kind),
        }
        for name in sorted(shared)
    ] + [{"name": name, "type": kind, "documentation": text} for name, kind, text in _RESULTS]


def about(kind: str) -> str:
    """What narrows a search of this type, and what may stand beside it."""
    known = PARAMETERS[kind]
    narrow = {"_id"} | (INDEXED[kind] & {"patient", "subject"}) | (LOOKED_UP & known.keys())
    narrow |= NAMES if kind == "Patient" else set()
    by_index = sorted(INDEXED[kind] - narrow - (COMMON if kind in BOUND else set()))
    words = f"Searched by {_listed(narrow)}"
    if kind in BOUND:
        words += ", or by _lastUpdated alone"
    if by_index:
        words += f"; an index also answers {_listed(by_index)}"
    return (
        f"{words}. Any other parameter stands beside one of these and is held against each row "
        f"that is left, at most {MOST_EVALUATED}: without one, or with more rows, the answer is "
        f"too-costly. At most {MOST_VALUES} values of one parameter."
    )


def is_answered(parameter: Parameter) -> bool:
    """Whether it leads anywhere: R4 has two that look into types nobody serves."""
    return bool(parameter.paths) or parameter.kind is Kind.COMPOSITE


def included(kind: str) -> list[str]:
    """`searchInclude`: every reference of the type, and all of them at once."""
    forth = sorted(
        one.name
        for one in PARAMETERS[kind].values()
        if one.kind is Kind.REFERENCE and is_answered(one)
    )
    return [*(f"{kind}:{name}" for name in forth), *([f"{kind}:*"] if forth else [])]


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
