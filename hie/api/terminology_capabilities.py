"""GET /fhir/metadata?mode=terminology: the codes the hub can say something about.

FHIR R4 terminologycapabilities.html. The code systems are those of `$lookup` and `$expand`; what is
not named here is not known.
"""

from collections.abc import Mapping
from typing import Any

from hie import RELEASED, __version__
from hie.fhir import ITEM, LOINC, RESULT_CLASS


def terminology(address: str) -> Mapping[str, Any]:
    """The TerminologyCapabilities of a hub at this address."""
    return {
        "resourceType": "TerminologyCapabilities",
        "name": "HieTerminology",
        "title": "hie exchange hub: terminology",
        "status": "active",
        "date": RELEASED,
        "description": "The items of the catalogue, the classes of coded results, LOINC as far as "
        "items have codes of it, and what was written over FHIR.",
        "kind": "instance",
        "software": {"name": "hie", "version": __version__},
        "implementation": {"description": "hie exchange hub", "url": f"{address}/fhir"},
        "lockedDate": False,
        "codeSystem": [{"uri": ITEM}, {"uri": RESULT_CLASS}, {"uri": LOINC}],
        "expansion": {"hierarchical": False, "paging": True, "incomplete": False},
        "codeSearch": "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": False},
    }
