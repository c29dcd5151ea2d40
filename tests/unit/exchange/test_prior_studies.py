"""Examinations of a person: a study and its report are one, and each kind is asked about once."""

from typing import Any

import pytest

from hie.exchange.prior_studies import Examination, ask_about, joined, told
from hie.fhir import ITEM, extension
from hie.recognition.catalogue import load_catalogue

CATALOGUE = load_catalogue()
ENDPOINTS = {"e1": {"address": "https://hub.example/dicom-web/sites/pacs"}}


def _facts(**facts: Any) -> dict[str, Any]:
    """The extension `study-facts`; several values of one fact are given as a list."""
    kinds = {str: "valueCode", bool: "valueBoolean", int: "valueUnsignedInt"}
    inner = [
        {"url": name.replace("_", "-"), kinds[type(one)]: one}
        for name, value in facts.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return {"url": extension("study-facts"), "extension": inner}


def _study(key: str = "s1", started: str = "2026-06-10T09:41:00+08:00", **facts: Any) -> Any:
    stated = {"class": "CT", "body_part": "CHEST", "contrast": "none", "received": 2, "expected": 2}
    return {
        "resourceType": "ImagingStudy",
        "id": key,
        "status": "available",
        "started": started,
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
        "description": "胸部平扫",
        "endpoint": [{"reference": "Endpoint/e1"}],
        "extension": [
            _facts(**(stated | facts)),
            {
                "url": extension("performing-institution"),
                "valueReference": {"reference": "Organization/o", "display": "示例县医院"},
            },
        ],
        "series": [
            {
                "uid": "1.2.3.4",
                "number": 2,
                "modality": {"code": "CT"},
                "numberOfInstances": 2,
                "instance": [{"uid": "1.2.3.4.1"}, {"uid": "1.2.3.4.2"}],
            }
        ],
    }


def _report(key: str = "r1", of: str | None = "s1", **change: Any) -> Any:
    made = {
        "resourceType": "DiagnosticReport",
        "id": key,
        "status": "final",
        "category": [{"coding": [{"code": "RAD"}]}],
        "code": {"coding": [{"system": ITEM, "code": "CT"}], "text": "胸部CT平扫"},
        "issued": "2026-06-10T11:00:00+08:00",
        "effectiveDateTime": "2026-06-10T09:41:00+08:00",
        "performer": [{"reference": "Organization/o", "display": "示例县医院"}],
        "resultsInterpreter": [{"display": "王阅片"}],
        "extension": [{"url": extension("findings"), "valueString": "双肺纹理清晰。"}],
        "conclusion": "未见异常。",
    }
    if of is not None:
        made["imagingStudy"] = [{"reference": f"ImagingStudy/{of}"}]
    return made | change


def _told(one: Examination) -> dict[str, Any]:
    return told(one, None, lambda reference: reference.get("display", ""))


def _found(*studies: Any, reports: tuple[Any, ...] = ()) -> list[Examination]:
    return joined(studies, reports, CATALOGUE, ENDPOINTS)


def test_a_study_and_its_report_are_one_examination_named_by_the_study() -> None:
    (one,) = _found(_study(), reports=(_report(),))
    assert (one.key, one.klass) == ("s1", "CT")
    said = _told(one)
    assert (said["study"], said["institution"]) == ("s1", "示例县医院")
    assert said["images"] == "/dicom-web/sites/pacs/studies/1.2.3"
    assert (said["received"], said["expected"], said["parts"]) == (2, 2, ["CHEST"])
    assert said["series"][0]["instances"] == ["1.2.3.4.1", "1.2.3.4.2"]
    assert said["report"]["findings"] == "双肺纹理清晰。"
    assert said["report"]["conclusion"] == "未见异常。"
    assert said["report"]["reviewers"] == ["王阅片"]


def test_a_report_in_error_is_shown_only_where_there_is_no_other() -> None:
    wrong = _report("r2", issued="2026-06-11T08:00:00+08:00", status="entered-in-error")
    for reports in ((_report(), wrong), (wrong, _report())):
        (one,) = _found(_study(), reports=reports)
        assert _told(one)["report"]["conclusion"] == "未见异常。"
    (one,) = _found(_study(), reports=(wrong,))
    assert _told(one)["report"]["status"] == "entered-in-error"


def test_the_newest_report_of_a_study_is_shown() -> None:
    late = _report("r2", issued="2026-06-11T08:00:00+08:00", conclusion="更正。")
    for reports in ((_report(), late), (late, _report())):
        (one,) = _found(_study(), reports=reports)
        assert _told(one)["report"]["conclusion"] == "更正。"


def test_either_alone_is_an_examination_of_its_own() -> None:
    alone = (_report(of=None), _report("r3", of="gone"))
    study, report, other = _found(_study("s2", "2026-06-12T08:00:00+08:00"), reports=alone)
    assert {report.key, other.key} == {"r1", "r3"}
    assert (study.key, _told(study)["report"]) == ("s2", None)
    said = _told(report)
    assert (said["study"], said["images"], said["class"]) == (None, "", "CT")
    assert (said["description"], said["series"]) == ("胸部CT平扫", [])


def test_examinations_come_newest_first() -> None:
    days = ("2026-06-01", "2026-06-03T10:00:00+08:00", "2026-06-02")
    found = _found(*(_study(f"s{n}", day) for n, day in enumerate(days)))
    assert [one.key for one in found] == ["s1", "s2", "s0"]


def test_each_kind_of_examination_is_asked_about_once() -> None:
    found = _found(
        _study("a"),
        _study("b"),
        _study("c", contrast="both"),
        _study("d", body_part=["CHEST", "ABDOMEN"]),
        _study("e", **{"class": "MG", "body_part": "BREAST", "laterality": "L"}),
    )
    orders, lines = ask_about(found)
    assert lines["a"] == lines["b"]
    assert len(orders) == len(set(lines.values())) == 4
    asked = {one["ref"]: one for one in orders}
    assert asked[lines["a"]] == {
        "ref": lines["a"],
        "item": "CT",
        "body_part": "CHEST",
        "laterality": None,
        "contrast": False,
    }
    assert asked[lines["c"]]["contrast"] is True
    assert asked[lines["d"]]["body_part"] == "ABDOMEN,CHEST"
    assert (asked[lines["e"]]["item"], asked[lines["e"]]["laterality"]) == ("MG", "L")


def test_what_has_no_class_is_not_asked_about_and_still_shown() -> None:
    (one,) = _found(_study(**{"class": "OTHER"}))
    assert one.klass is None
    assert ask_about([one]) == ([], {})
    assert _told(one)["class"] is None


def test_more_kinds_than_one_check_takes_are_left_unasked() -> None:
    found = _found(*(_study(f"s{n}", body_part=f"PART{n}") for n in range(70)))
    orders, lines = ask_about(found)
    assert (len(orders), len(lines), len(found)) == (60, 60, 70)


def test_images_are_asked_for_at_this_hub_or_nowhere() -> None:
    elsewhere = {"e1": {"address": "https://pacs.example/wado"}}
    for endpoints in ({}, elsewhere):
        (one,) = joined([_study()], [], CATALOGUE, endpoints)
        assert one.images == ""
    (none,) = joined([_study() | {"endpoint": []}], [], CATALOGUE, ENDPOINTS)
    assert none.images == ""


@pytest.mark.parametrize("status", ["registered", "cancelled"])
def test_the_status_of_a_study_is_told_as_it_is(status: str) -> None:
    (one,) = _found(_study() | {"status": status})
    assert _told(one)["status"] == status


def test_a_report_in_a_plain_form_is_words_and_a_document_is_not() -> None:
    forms = [
        {"contentType": "application/pdf", "data": "JVBERi0="},
        {"contentType": "text/plain", "data": "5Y+M6IK65riF5pmw"},
    ]
    (one,) = _found(_study(), reports=(_report(extension=[], presentedForm=forms),))
    assert _told(one)["report"]["findings"] == "双肺清晰"
