"""An ordered examination says its part, side, contrast and protocol in whatever words it has."""

from typing import Any

import pytest

from hie.cds.examination import DICOM, examination, modality_of
from hie.recognition.catalogue import load_catalogue

CLASSES = load_catalogue().class_of_modality


def order(text: str = "", site: Any = None, detail: str = "", code: str = "CT") -> dict[str, Any]:
    concept: dict[str, Any] = {"coding": [{"system": DICOM, "code": code}]}
    if text:
        concept["text"] = text
    tree: dict[str, Any] = {"resourceType": "ServiceRequest", "code": concept}
    if site is not None:
        tree["bodySite"] = site if isinstance(site, list) else [site]
    if detail:
        tree["orderDetail"] = [{"text": detail}]
    return tree


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (order("胸部CT平扫"), {"body_part": "CHEST", "contrast": False}),
        (order("CT chest with contrast"), {"body_part": "CHEST", "contrast": True}),
        (order("头颅CT平扫+增强"), {"body_part": "HEAD", "contrast": True}),
        (order("胸腹部CT增强"), {"body_part": "ABDOMEN,CHEST", "contrast": True}),
        (order("CT", {"text": "胸部"}), {"body_part": "CHEST"}),
        (order("CT", {"coding": [{"code": "CHEST"}]}), {"body_part": "CHEST"}),
        (order("CT", {"coding": [{"code": "51185008", "display": "Thorax"}]}), {"body_part": "CHEST"}),
        (order("MRI", {"text": "左膝关节"}), {"body_part": "KNEE", "laterality": "L"}),
        (order("左膝MRI", {"text": "膝关节"}), {"body_part": "KNEE", "laterality": "L"}),
        (order("左膝MRI", {"text": "右膝关节"}), {"body_part": "KNEE", "laterality": "R"}),
        (order("X-ray of the right hip joint"), {"body_part": "HIP", "laterality": "R"}),
        (order("双膝正侧位片"), {"body_part": "KNEE", "laterality": "B"}),
        (
            order("MRI", [{"text": "膝"}, {"coding": [{"code": "24028007"}]}]),
            {"body_part": "KNEE", "laterality": "R"},
        ),
        (order("CT head of the left femur"), {"laterality": "L"}),  # no head
        (order("低剂量胸部CT筛查", {"text": "胸部"}), {"body_part": "CHEST", "protocol": "low-dose screening"}),
        (order("CT", {"text": "胸部"}, "平扫"), {"body_part": "CHEST", "contrast": False}),
        (order("CT", {"coding": [{"code": "61685007"}]}), {}),  # a code nobody here can read
        ({"resourceType": "ServiceRequest", "code": 7, "bodySite": "x", "orderDetail": {}}, {}),
    ],
)  # fmt: skip
def test_what_an_order_says_of_its_examination(tree: dict[str, Any], said: dict[str, Any]) -> None:
    assert examination(tree) == said


def test_the_class_is_that_of_the_modality_where_there_is_one() -> None:
    assert modality_of(order(code="CT"), CLASSES) == "CT"
    assert modality_of(order(code="MR"), CLASSES) == "MRI"
    assert modality_of(order(code="XX"), CLASSES) is None
    two = order(code="CT") | {"orderDetail": [{"coding": [{"system": DICOM, "code": "MR"}]}]}
    assert modality_of(two, CLASSES) is None
