"""Where a message's resources came from: who sent it, what made FHIR of it, from which bytes.

FHIR R4 provenance.html; HL7 v2-to-FHIR, MSH to Provenance (source and transformation in one).
"""

from collections.abc import Sequence
from typing import Any

from hie import __version__
from hie.canonical.context import BuildContext
from hie.fhir import Resource

_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def build_provenance(targets: Sequence[str], organization: str, context: BuildContext) -> Resource:
    """A Provenance of everything one report of a message made."""
    hub: dict[str, Any] = {
        "type": {"coding": [{"system": _AGENT, "code": "assembler"}]},
        "who": {"display": f"hie {__version__}, adapter {context.adapter}"},
    }
    sender = {
        "type": {"coding": [{"system": _AGENT, "code": "author"}]},
        "who": {"reference": f"Organization/{organization}"},
    }
    source = {
        "system": "urn:ietf:rfc:3986",
        "value": f"urn:hie:message:{context.message}#sha256:{context.message_hash}",
    }
    made: Resource = {
        "resourceType": "Provenance",
        "target": [{"reference": target} for target in targets],
    }
    if context.sent is not None:
        made["occurredDateTime"] = context.sent
    made["recorded"] = context.recorded
    made["agent"] = [sender, hub]
    made["entity"] = [{"role": "source", "what": {"identifier": source}}]
    return made
