"""GET /fhir/metadata?mode=terminology: the codes the hub can say something about.

FHIR R4 terminologycapabilities.html. The code systems are those of `$lookup` and `$expand`; what is
not named here is not known.
"""

from collections.abc import Mapping
from typing import Any

from hie import RELEASED, __version__
from hie.store.value_sets import at_hand


def terminology(address: str) -> Mapping[str, Any]:
    """The TerminologyCapabilities of a hub at this address."""
    return {
        "resourceType": "TerminologyCapabilities",
        "name": "HieTerminology",
        "title": "hie exchange hub: terminology",
        "status": "active",
        "date": RELEASED,
        "description": "The code systems that ship. Those that were written over FHIR are known "
        "too; LOINC is translated to items, not looked up.",
        "kind": "instance",
        "software": {"name": "hie", "version": __version__},
        "implementation": {"description": "hie exchange hub", "url": f"{address}/fhir"},
        "lockedDate": False,
        "codeSystem": [{"uri": url} for url in sorted(at_hand().systems)],
        "expansion": {"hierarchical": False, "paging": True, "incomplete": False},
        "codeSearch": "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": False},
    }
