"""CDS Hooks 2.0: the services a hospital's system calls when it shows a patient, or takes orders.

The list is written out here; discovery tells it, the router calls by it. What a service needs comes
with the call (prefetch) or is the hub's own: the hub calls nobody back.
https://cds-hooks.hl7.org/2.0/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PATIENT, ENCOUNTER = "patient", "encounter"  # keys of the prefetch
_PREFETCH: Mapping[str, str] = MappingProxyType(
    {
        PATIENT: "Patient/{{context.patientId}}",
        ENCOUNTER: "Encounter/{{context.encounterId}}",
    }
)


@dataclass(frozen=True, slots=True)
class Service:
    """One service; its words stand under its id in `schemas/texts/cards/`."""

    id: str
    hook: str
    prefetch: Mapping[str, str] = field(default_factory=lambda: _PREFETCH)


PATIENT_VIEW = Service("hie-patient-view", "patient-view")
ORDER_SELECT = Service("hie-order-select", "order-select")
ORDER_SIGN = Service("hie-order-sign", "order-sign")

SERVICES: tuple[Service, ...] = (PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN)
BY_ID: Mapping[str, Service] = MappingProxyType({one.id: one for one in SERVICES})
HOOKS = frozenset(one.hook for one in SERVICES)
