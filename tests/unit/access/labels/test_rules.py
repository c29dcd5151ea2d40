"""What a resource says about itself: codes, proxies, names, texts, panels, departments."""

import itertools
import sys
from typing import Any

import pytest

from hie.access.labels import Topic, confidentiality, label_of, panel_of, topics
from hie.access.labels.label import bits_of
from hie.access.labels.rules import department_of, text_of

LOINC = "http://loinc.org"
LOCAL = "https://hie.example/fhir/CodeSystem/site/lab-1/local"
ITEM = "https://hie.example/fhir/CodeSystem/item"
MAPPING = "https://hie.example/fhir/StructureDefinition/mapping"
SIZES = itertools.count(100_000)  # another text each time: none is kept for an earlier one
CATALOGUE = {"2823-3": ("K", True), "5196-1": ("HBSAG", True), "2824-1": ("K", False)}


def observation(system: str, code: str, name: str = "", **more: Any) -> dict[str, Any]:
    coding = {"system": system, "code": code, **({"display": name} if name else {})}
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [coding]}, **more}


def about(tree: dict[str, Any]) -> tuple[int, set[Topic]]:
    label = label_of(tree, CATALOGUE)
    return confidentiality(label), set(topics(label))


def mapped(state: str, *codings: dict[str, Any]) -> dict[str, Any]:
    item = {
        "extension": [{"url": MAPPING, "valueCode": state}], "system": ITEM, "code": "K",
    }  # fmt: skip
    code = {"coding": [item, *codings], "text": "钾"}
    return {"resourceType": "Observation", "status": "final", "code": code}


@pytest.mark.parametrize(
    ("code", "topic"),
    [
        ("7917-8", Topic.HIV), ("56888-1", Topic.HIV), ("24467-3", Topic.HIV),
        ("20447-9", Topic.HIV), ("24312-1", Topic.STD), ("20507-0", Topic.STD),
        ("21613-5", Topic.STD), ("14334-7", Topic.PSY), ("6896-5", Topic.PSY),
        ("3426-4", Topic.SUD), ("5643-2", Topic.SUD), ("44249-1", Topic.PSY),
    ],
)  # fmt: skip
def test_a_loinc_code_of_a_sensitive_test_or_its_proxy_is_restricted(
    code: str, topic: Topic
) -> None:
    assert about(observation(LOINC, code)) == (1, {topic})


@pytest.mark.parametrize("code", ["2106-3", "75547-0"])
def test_what_is_sensitive_for_purposes_alone_stays_normal(code: str) -> None:
    level, found = about(observation(LOINC, code))
    assert level == 0
    assert found <= {Topic.REPRO, Topic.GENETIC}
    assert found


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("HIV抗体", Topic.HIV), ("抗-HIV(1+2)", Topic.HIV), ("ＨＩＶ１／２抗体", Topic.HIV),
        ("人类免疫缺陷 病毒抗体", Topic.HIV), ("艾滋病病毒核酸", Topic.HIV), ("愛滋病", Topic.HIV),
        ("H\u200bIV Ab", Topic.HIV), ("病毒载量", Topic.HIV), ("Viral Load", Topic.HIV),
        ("CD4+T淋巴细胞计数", Topic.HIV), ("CD3+CD4+", Topic.HIV), ("TPPA", Topic.STD),
        ("TRUST", Topic.STD), ("RPR滴度", Topic.STD), ("快速血浆反应素试验", Topic.STD),
        ("淋球菌培养", Topic.STD), ("氯氮平血药浓度", Topic.PSY), ("Clozapine level", Topic.PSY),
        ("血清锂", Topic.PSY), ("尿吗啡", Topic.SUD), ("乙醇", Topic.SUD), ("MDMA", Topic.SUD),
    ],
)  # fmt: skip
def test_the_name_of_a_local_code_tells_what_it_is_about(name: str, topic: Topic) -> None:
    level, found = about(observation(LOCAL, "4711", name))
    assert level == 1
    assert topic in found


@pytest.mark.parametrize("code", ["TPPA", "HIV-AB", "CD4", "CLOZAPINE"])
def test_a_local_code_is_a_name_itself(code: str) -> None:
    assert about(observation(LOCAL, code))[1] > {Topic.UNMAPPED}


@pytest.mark.parametrize(
    "name",
    ["hearing aids fitting", "血浆(肝素锂)", "HBV DNA 病毒载量", "CMV viral load", "Shivering"],
)
def test_words_that_only_look_alike_name_nothing(name: str) -> None:
    assert about(observation(LOCAL, "4711", name))[1] <= {Topic.UNMAPPED, Topic.HBV}


def test_a_code_that_nobody_knows_is_restricted() -> None:
    assert about(observation(LOCAL, "X9", "某项目")) == (1, {Topic.UNMAPPED})
    assert about(observation(LOINC, "99999-9")) == (1, {Topic.UNMAPPED})
    assert about({"resourceType": "Observation", "code": {"text": "?"}}) == (1, {Topic.UNMAPPED})
    assert about({"resourceType": "Observation"}) == (1, {Topic.UNMAPPED})


def test_a_code_that_is_known_and_about_nothing_is_normal() -> None:
    assert about(observation(LOINC, "2823-3")) == (0, set())
    assert about(observation(LOINC, "8867-4")) == (0, set())


def test_an_item_is_known_once_its_map_is_approved() -> None:
    sent = {"system": LOCAL, "code": "K", "userSelected": True}
    assert about(mapped("confirmed", sent)) == (0, set())
    assert about(mapped("unconfirmed", sent)) == (1, {Topic.UNMAPPED})
    assert about(mapped("unconfirmed", sent, {"system": LOINC, "code": "2824-1"})) == (0, set())


def test_a_local_code_that_a_person_knows_to_be_no_item_is_known() -> None:
    tree = observation(LOCAL, "MCV", "平均红细胞体积")
    tree["code"]["coding"][0]["extension"] = [{"url": MAPPING, "valueCode": "no-item"}]
    assert about(tree) == (0, set())
    assert topics(label_of(tree, CATALOGUE, mapped=False)) == (Topic.UNMAPPED,)
    tree["code"]["text"] = "HIV抗体"
    assert about(tree) == (1, {Topic.HIV})


def test_what_a_client_says_of_a_map_is_not_the_hubs_word() -> None:
    claimed = mapped("confirmed", {"system": LOCAL, "code": "K"})
    assert topics(label_of(claimed, CATALOGUE, mapped=False)) == (Topic.UNMAPPED,)


def test_an_item_of_the_catalogue_may_be_a_topic() -> None:
    assert about(observation(LOINC, "5196-1")) == (0, {Topic.HBV})


def test_an_unknown_code_of_a_component_counts() -> None:
    part = {"code": {"coding": [{"system": LOCAL, "code": "Z"}]}}
    assert about(observation(LOINC, "2823-3", component=[part]))[1] == {Topic.UNMAPPED}
    known = {"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}}
    assert about(observation(LOINC, "85354-9", component=[known]))[0] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"valueString": "HIV抗体初筛有反应性"},
        {"valueCodeableConcept": {"text": "梅毒螺旋体阳性"}},
        {"note": [{"text": "Known schizophrenia, on clozapine"}]},
        {"extension": [{"url": "x", "valueString": "吸毒史"}]},
        {"valueCodeableConcept": {
            "coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]}},
        {"valueCodeableConcept": {
            "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "b20.1"}]}},
        {"text": {"status": "generated", "div": "<div>domestic violence</div>"}},
    ],
)  # fmt: skip
def test_a_text_or_code_beside_an_innocent_result_names_the_condition(more: dict[str, Any]) -> None:
    assert about(observation(LOINC, "2823-3"))[0] == 0
    assert about(observation(LOINC, "2823-3", **more))[0] == 1


def test_a_conclusion_names_what_its_codes_do_not() -> None:
    report = {"resourceType": "DiagnosticReport", "code": {"text": "胸部CT"}}
    assert about({**report, "conclusion": "双肺纹理增多"}) == (0, set())
    assert about({**report, "conclusion": "符合艾滋病相关肺孢子菌肺炎"}) == (1, {Topic.HIV})
    coded = [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "A53.9"}]}]
    assert about({**report, "conclusionCode": coded}) == (1, {Topic.STD})


def test_a_panel_says_it_of_all_its_results() -> None:
    assert panel_of({"code": {"text": "性病五项"}}) == bits_of([Topic.STD])
    assert panel_of({"code": {"coding": [{"display": "Drug Screen, urine"}]}}) == bits_of(
        [Topic.SUD]
    )
    assert panel_of({"code": {"text": "电解质"}}) == 0


def test_a_department_says_it_of_what_it_asks_for() -> None:
    assert department_of("精神科门诊") == bits_of([Topic.PSY])
    assert department_of("皮肤性病科") & bits_of([Topic.STD])
    assert department_of("Department of Psychiatry") == bits_of([Topic.PSY])
    assert department_of("心血管内科") == 0


def test_an_encounter_of_a_department_is_about_it() -> None:
    visit = {"resourceType": "Encounter", "serviceType": {"text": "精神科"}}
    assert about(visit) == (1, {Topic.PSY})
    where = {"location": [{"location": {"reference": "Location/1", "display": "戒毒所"}}]}
    assert about({"resourceType": "Encounter", **where}) == (1, {Topic.SUD})


def test_no_name_of_a_patient_is_a_word() -> None:
    assert about({"resourceType": "Patient", "name": [{"text": "HIV 梅毒"}]}) == (0, set())


def test_a_text_that_says_nothing_is_no_topic() -> None:
    assert text_of("标本重度溶血，结果仅供参考") == 0


@pytest.mark.parametrize(
    "put",
    [
        lambda text: observation(LOCAL, "4711", text),
        lambda text: observation(LOCAL, text),
        lambda text: observation(LOINC, "2823-3", note=[{"text": text}]),
        lambda text: {"resourceType": "Observation", "code": {"text": text}},
        lambda text: observation(LOINC, "2823-3", valueString=text),
        lambda text: observation(LOINC, "2823-3", component=[{"code": {"text": text}}]),
        lambda text: {"resourceType": "Condition", "code": {"coding": [{"system": text}]}},
    ],
    ids=["display", "code", "note", "text", "value", "component", "system"],
)
@pytest.mark.parametrize("sign", ["7", "a"])
def test_no_long_text_of_a_client_is_kept_in_memory(put: Any, sign: str) -> None:
    text = sign * next(SIZES)
    tree = put(text)
    label_of(put("first"), CATALOGUE)
    before = sys.getrefcount(text)
    label_of(tree, CATALOGUE)
    assert sys.getrefcount(text) == before


def test_no_code_of_very_many_codings_is_kept_in_memory() -> None:
    text = "".join(["of ", "many"])
    codings = [{"system": LOCAL, "code": f"K{n}"} for n in range(5000)]
    tree = {"resourceType": "Observation", "code": {"coding": codings, "text": text}}
    before = sys.getrefcount(text)
    label_of(tree, CATALOGUE)
    assert sys.getrefcount(text) == before
