"""HL7 table 0004 (patient class, PV1-2): what each class is in FHIR, and whether somebody is here.

Codes as the v2-to-FHIR guide has them (ConceptMap table-hl70004-to-v3-actcode); recurring patients
are outpatients here, and obstetrics is a stay. One table for the visits a hospital tells of (ADT)
and those a report names.
"""

from dataclasses import dataclass
from typing import Final

_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_V2: Final = "http://terminology.hl7.org/CodeSystem/v2-0004"
_NULL: Final = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"


@dataclass(frozen=True, slots=True)
class VisitClass:
    """A class as a Coding; `is_stay`: in a bed; `is_here` false: nobody is here by it."""

    system: str
    code: str
    display: str
    is_stay: bool = False
    is_here: bool = True

    def coding(self) -> dict[str, str]:
        """As `Encounter.class`."""
        return {"system": self.system, "code": self.code, "display": self.display}


_OUTPATIENT: Final = VisitClass(_ACT, "AMB", "ambulatory")
_STAY: Final = VisitClass(_ACT, "IMP", "inpatient encounter", is_stay=True)
_UNSAID: Final = VisitClass(_NULL, "UNK", "unknown", is_here=False)

CLASSES: Final[dict[str, VisitClass]] = {
    "E": VisitClass(_ACT, "EMER", "emergency"),
    "I": _STAY,
    "B": _STAY,  # obstetrics
    "O": _OUTPATIENT,
    "R": _OUTPATIENT,  # recurring patient
    "P": VisitClass(_ACT, "PRENC", "pre-admission", is_here=False),
    "C": VisitClass(_V2, "C", "Commercial Account", is_here=False),
    "N": VisitClass(_V2, "N", "Not Applicable", is_here=False),
}
NOBODY_HERE: Final = frozenset({_UNSAID.code}) | {
    one.code for one in CLASSES.values() if not one.is_here
}


def visit_class(code: str | None) -> VisitClass:
    """What a class says; a hospital's own code is an outpatient's, none says nothing."""
    return _UNSAID if code is None else CLASSES.get(code, _OUTPATIENT)
