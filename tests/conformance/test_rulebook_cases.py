"""The rulebook's cases: sentences in rulebook/*.yaml, each a test; README.md there tells the form.

A case names what it is about; everything else is as good as it can be (an active 3A laboratory in
Beijing with 京津冀HR, qualified, precise; a receiver of 3A in Shijiazhuang). All gates are asked
unless the case says so.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hie.recognition.assessment import Assessment, Effect, Finding
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.engine import Judged, assess, assess_order, candidates
from hie.recognition.moment import Moment, find_moment
from hie.recognition.question import Question
from hie.recognition.register import InstitutionRow, PrecisionRow
from hie.recognition.request import Encounter
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind
from hie.recognition.texts import load_texts
from hie.schemas import load_yaml
from tests.unit.recognition import records

FOLDER = Path(__file__).parent / "rulebook"
CASES = {
    f"{path.stem}: {case['name']}": case
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in load_yaml(path.read_text("utf-8"), path.name)
}
KEYS = {
    "name", "on", "gates", "order", "by_name", "candidate", "candidates", "receiver", "source",
    "institutions", "successors", "precision_of", "marks", "qualifications", "precision",
    "policies", "request_birth", "pregnant", "request_sex", "encounter", "emergency_access",
    "outcome", "fired", "fired_of", "notices", "unknown", "silent", "data", "outcomes",
    "listed", "leading", "mark", "age_days", "limit_days", "value", "unit", "effective", "zh",
    "en",
}  # fmt: skip
_NAMES = {
    "reference": "key", "identifier": "result", "mapped_code": "code", "report_id": "report",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_the_rulebook_holds(name: str) -> None:
    case = CASES[name]
    assert set(case) <= KEYS, f"unknown keys {set(case) - KEYS}"
    stated = case.get("candidates", [case.get("candidate", {})])
    order = an_order(case, stated[0].get("item", "K") if stated else "K")
    item = order.item
    question = a_question(case, item)
    known = [a_record(item, one) for one in stated]
    asked = records.IMAGING_GATES if order.kind is Kind.IMAGING else records.GATES
    gates = frozenset(case.get("gates", asked))
    if case.get("by_name"):
        check(case, assess(known[0], question, order=order, gates=gates))
        return
    judged = assess_order(item, known, question, order=order, gates=gates)
    assert judged.outcome == case.get("outcome", judged.outcome)
    check_order(case, judged)
    if judged.assessments:
        check(case, judged.leading or judged.assessments[0])
    # law (d): the order of records changes nothing
    again = assess_order(item, known[::-1], question, order=order, gates=gates)
    assert again == judged
    if not judged.assessments:
        assert candidates(item, known, question) == []


def an_order(case: dict[str, Any], item: str) -> Order:
    """What is ordered: the first record's item, or as the case says of it."""
    stated = case.get("order") or {}
    said = {"item": stated} if isinstance(stated, str) else dict(stated)
    key = said.pop("item", item)
    if key in records.IMAGING:
        return records.an_order(key, **said)
    return Order("1", key, **said)


def check_order(case: dict[str, Any], judged: Judged) -> None:
    names = [one.candidate.resource.split("/")[1] for one in judged.assessments]
    if "outcomes" in case:
        outcomes = [one.outcome.value for one in judged.assessments]
        assert dict(zip(names, outcomes, strict=True)) == case["outcomes"]
    if "listed" in case:
        assert names == case["listed"]
    by_key = dict(zip(names, judged.assessments, strict=True))
    for key, rules in case.get("fired_of", {}).items():
        of_one = [f for f in by_key[key].findings if f.fired]
        assert [f.rule for f in of_one if f.effect is not Effect.PASS] == rules
    if "leading" in case:
        leading = judged.leading
        assert (leading and leading.candidate.resource.split("/")[1]) == case["leading"]


def check(case: dict[str, Any], found: Assessment) -> None:
    """The leading candidate's assessment (without one the first's) is as the case says."""
    fired = [f for f in found.findings if f.fired]
    if "outcome" in case:
        assert found.outcome == case["outcome"], [f.rule for f in fired]
    if "fired" in case:
        assert [f.rule for f in fired if f.effect is not Effect.PASS] == case["fired"]
    if "notices" in case:
        assert [f.rule for f in fired if f.effect is Effect.PASS] == case["notices"]
    if "unknown" in case:
        assert [f.rule for f in found.findings if f.unknown] == case["unknown"]
    by_rule = {finding.rule: finding for finding in found.findings}
    for rule in case.get("silent", ()):
        assert not by_rule[rule].fired, rule
        assert not by_rule[rule].unknown, rule
    for rule, data in case.get("data", {}).items():
        assert {k: by_rule[rule].data.get(k) for k in data} == data
    for field in ("mark", "age_days", "limit_days"):
        if field in case:
            assert getattr(found, field) == case[field]
    for field, shown in (
        ("value", found.candidate.value.text),
        ("unit", found.candidate.value.unit),
    ):
        if field in case:
            assert shown == case[field]
    for lang in ("zh", "en"):
        for rule, words in case.get(lang, {}).items():
            assert sentence(by_rule[rule], lang, found.candidate.kind) == words
    for finding in found.findings:
        assert not (finding.fired and finding.unknown)
        assert sentence(finding, "zh", found.candidate.kind)
        assert sentence(finding, "en", found.candidate.kind)


def sentence(finding: Finding, lang: Any, kind: Kind) -> str:
    state = "fired" if finding.fired else "unknown" if finding.unknown else "not_fired"
    return load_texts().text(finding.rule, state, finding.data, lang, finding.case, kind)


def a_question(case: dict[str, Any], item: str) -> Question:
    rows = [records.institution(**row(one)) for one in case.get("institutions", ())]
    if not any(one.code == records.SOURCE for one in rows) and "institutions" not in case:
        rows += sides(case, "source", records.institution)
    if not any(one.code == records.RECEIVER for one in rows):
        rows += sides(case, "receiver", records.receiver)
    marks = case.get("marks")
    rounds = case.get("qualifications")
    books = records.registers(
        item=item,
        institutions=rows,
        qualifications=None
        if rounds is None
        else [records.eqa(item=item, **row(one)) for one in rounds],
        precision=None
        if "precision" not in case
        else {month: str(cv) for month, cv in (case["precision"] or {}).items()},
        marks=None if marks is None else [a_mark(item, one) for one in marks],
        successors=[
            records.successor(one["code"], one["successor"], one["from"])
            for one in case.get("successors", ())
        ],
        cvs_of=[
            PrecisionRow(code, item, month, Decimal(str(cv)))
            for code, cvs in case.get("precision_of", {}).items()
            for month, cv in cvs.items()
        ],
    )
    policies = [
        records.policy(entry["scope"], entry.get("from", "2022-03-01"), entry.get("to"), **{
            k: v for k, v in entry.items() if k not in ("scope", "from", "to")
        })
        for entry in case.get("policies", ())
    ]  # fmt: skip
    return records.question(
        on=case.get("on", records.ON),
        books=books,
        policies=policies,
        birth_date=case.get("request_birth"),
        sex=case.get("request_sex"),
        encounter=an_encounter(case.get("encounter", {})),
        pregnant=case.get("pregnant"),
        emergency_access=case.get("emergency_access", False),
    )


def an_encounter(stated: dict[str, Any]) -> Encounter:
    """An outpatient's treatment with nothing happened since, over which a case says its own."""
    said = {"class": "outpatient", "purpose": "treatment", "before": None, "events": [], **stated}
    events = said["events"]
    return Encounter(
        said["class"] or "",
        said["purpose"] or "",
        said["before"] or "",
        None if events is None else tuple((one["type"], moment(one["date"])) for one in events),
    )


def moment(text: str) -> Moment:
    found = find_moment(text)
    assert found is not None
    return found


def sides(case: dict[str, Any], side: str, build: Any) -> list[InstitutionRow]:
    stated = case.get(side, {})
    return [build(**row(one)) for one in (stated if isinstance(stated, list) else [stated])]


def a_mark(item: str, stated: Any) -> Any:
    if isinstance(stated, str):
        return records.mark(stated, item=item)
    return records.mark(item=item, **{**row(stated), "text": stated["text"]})


def row(stated: dict[str, Any]) -> dict[str, Any]:
    """Register columns as the builders name them."""
    names = {"from": "start", "to": "end", "round": "name"}
    return {names.get(key, key): value for key, value in stated.items()}


def a_record(item: str, stated: dict[str, Any]) -> Candidate:
    facts = {_NAMES.get(key, key): value for key, value in stated.items()}
    identity = facts.pop("identity", None)
    if identity is not None:
        facts["identity"] = Identity(
            Relation(identity.get("relation", "strong")),
            tuple(identity.get("conflicts", ())),
            identity.get("compared", True),
            identity.get("shares_unusable", False),
            identity.get("birth_date"),
            identity.get("sex"),
        )
    if facts.get("item", item) in records.IMAGING or item in records.IMAGING:
        return an_imaging_record({"item": item, **facts})
    for key in ("value", "low", "high"):
        if key in facts and facts[key] is not None:
            facts[key] = str(facts[key])
    if "specimen" in facts:
        specimen = facts["specimen"]
        facts["specimen"] = {} if specimen is None else records.a_specimen(**specimen)
    if facts.get("ranges") is not None:
        facts["ranges"] = [a_range(one) for one in facts["ranges"]]
    return records.a_candidate(**{"item": item, **facts})


def a_range(stated: dict[str, Any]) -> dict[str, Any]:
    """A printed interval: low, high, text, sex, pregnant, age: [low, high] in years."""
    found: dict[str, Any] = {
        end: {"value": Decimal(str(stated[end]))} for end in ("low", "high") if end in stated
    }
    applies = [stated["sex"]] if "sex" in stated else []
    applies += ["pregnant"] if stated.get("pregnant") else []
    if applies:
        found["appliesTo"] = [{"text": one} for one in applies]
    if "age" in stated:
        ends = zip(("low", "high"), stated["age"], strict=True)
        found["age"] = {
            end: {"value": years, "unit": "a"} for end, years in ends if years is not None
        }
    if "text" in stated:
        found["text"] = stated["text"]
    return found


def an_imaging_record(facts: dict[str, Any]) -> Candidate:
    """Facts of images as cases name them; `slow` is nothing a record says, so it is told after."""
    slow = facts.pop("slow", False)
    images = facts.pop("identity_of_images", "same")
    found = records.an_imaging_candidate(images=images, **facts)
    assert found.study is not None
    study = msgspec.structs.replace(found.study, slow=slow)
    return msgspec.structs.replace(found, study=study)
