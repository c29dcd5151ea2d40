"""An Encounter is one of the four kinds an order-check knows, or none that it knows."""

from typing import Any

import pytest

from hie.cds.visits import class_of
from tests.integration.cds.support import encounter

V2 = "http://terminology.hl7.org/CodeSystem/v2-0004"


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        (encounter("AMB"), "outpatient"),
        (encounter("VR"), "outpatient"),
        (encounter("EMER"), "emergency"),
        (encounter("IMP"), "inpatient"),
        (encounter("ACUTE"), "inpatient"),
        (encounter(**{"class": {"system": V2, "code": "E"}}), "emergency"),
        (encounter(**{"class": {"code": "intensive-care"}}), "intensive-care"),
        (encounter("IMP", serviceType={"text": "重症监护"}), "intensive-care"),
        (encounter("IMP", type=[{"coding": [{"display": "Surgical ICU"}]}]), "intensive-care"),
        (
            encounter("IMP", location=[{"location": {"display": "心内科CCU与MICU"}}]),
            "intensive-care",
        ),
        (
            encounter("IMP", location=[{"status": "completed", "location": {"display": "ICU"}}]),
            "inpatient",
        ),
        (encounter("IMP", type=[{"text": "Vicus"}]), "inpatient"),
        (encounter("PRENC"), None),
        ({}, None),
        ({"class": "AMB", "type": "x", "location": [7], "serviceType": []}, None),
    ],
)
def test_an_encounter_has_a_kind(tree: dict[str, Any], kind: str | None) -> None:
    assert class_of(tree) == kind
