"""Laws of the engine that hold of images too: what may never make an outcome better, or change it.

The cases of `tests/conformance/rulebook` say what each rule does; here is what holds of all.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hie.recognition.assessment import Assessment, Effect, Outcome
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.conditions import CONDITIONS
from hie.recognition.eligibility import Registers
from hie.recognition.engine import assess, assess_order
from hie.recognition.facts import Facts
from hie.recognition.moment import find_moment
from hie.recognition.register import QualificationRow
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind, load_rulebook
from hie.terminology.body_part import NO_PARTS
from tests.unit.recognition import records
from tests.unit.recognition.records import an_imaging_candidate, eqa, mark, policy, question
from tests.unit.recognition.test_engine import NARROWING, collected, policies

MARKS = ["全国HR", "京津冀HR", "冀HR", "武汉HR", "-GX", "★", "什么HR"]
_often = st.sampled_from
FACTS: dict[str, list[Any]] = {
    "body_part": ["CHEST", "CHEST", "HEAD", ["CHEST", "ABDOMEN"], "左膝", None],
    "laterality": ["L", "R", "B", None],
    "contrast": ["none", "none", "enhanced", "both", None],
    "protocol": [[], [], ["low-dose"], ["angiography"]],
    "texts": [True, True, False],
    "tracer": ["18F-FDG", "99mTc-MDP", None],
    "expected": [3, 3, 2, None],
    "received": [3, 3, 2, 0, None],
    "retrievable": [True, True, False, None],
    "original": [True, True, False, None],
    "complete": [True, True, False, None],
    "complete_left": [None, True, False],
    "complete_right": [None, True, False],
}


LACKING: list[dict[str, Any]] = [{}, {}, {}, {"study": False}, {"reported": False}]


@st.composite
def images(draw: st.DrawFn) -> Candidate:
    at = collected(draw(st.integers(0, 40)))
    known = draw(_often([at, at, at, None]))
    return an_imaging_candidate(
        item=draw(_often(records.IMAGING)),
        study_class=draw(_often(["", "", "", None])),
        mapping=draw(_often(["confirmed", "unconfirmed"])),
        **draw(_often(LACKING)),
        study_status=draw(_often(["available", "available", "registered", "cancelled"])),
        report_status=draw(_often(["final", "final", "final", "appended", "preliminary", None])),
        collected=known,
        issued=draw(_often([at, at, None])),
        reviewed=draw(_often([True, True, False])),
        performer_code=draw(_often([records.SOURCE, records.SOURCE, None])),
        birth_date=draw(_often(["1980-05-01", "2010-01-01", None])),
        identity=draw(
            _often([
                records.STRONG, records.STRONG, Identity(Relation.LINKED),
                Identity(Relation.STRONG, ("sex",)), Identity(Relation.STRONG, (), False),
                Identity(Relation.NONE),
            ])
        ),
        images=draw(_often(["same", "same", "different", "unknown", None])),
        key=draw(st.text("abcdef", min_size=4, max_size=4)),
        withheld=draw(_often([False, False, False, True, None])),
        current=draw(_often([True, True, True, False])),
        **{name: draw(_often(values)) for name, values in FACTS.items()},
    )  # fmt: skip


@st.composite
def orders(draw: st.DrawFn, item: str | None = None) -> Order:
    return records.an_order(
        item or draw(_often(records.IMAGING)),
        body_part=draw(_often(["CHEST", "胸部", "HEAD", "CHEST,ABDOMEN", "左膝", None])),
        laterality=draw(_often([None, None, "L", "R", "B"])),
        contrast=draw(_often([None, True, False])),
        protocol=draw(_often([None, None, "CTA", "低剂量", "gating"])),
        tracer=draw(_often([None, "F-18 FDG"])),
    )


@st.composite
def books(draw: st.DrawFn) -> Registers:
    rounds = [
        eqa(start, end, acceptable=draw(st.booleans()), item=item)
        for item in records.IMAGING
        for start, end in (("2025-01-01", "2026-12-31"), ("2026-04-01", "2026-06-13"))
        if draw(st.booleans())
    ]
    marks = [
        mark(text, item=item)
        for item in records.IMAGING
        for text in draw(st.lists(_often(MARKS), max_size=2, unique=True))
    ]
    source = records.institution(
        status=draw(_often(["active", "active", "active", "suspended"])),
        consortium=draw(_often(["", "", "示例医联体"])),
    )
    receiver = records.receiver(consortium=draw(_often(["", "示例医联体"])))
    return records.registers(
        institutions=(source, receiver), qualifications=rounds, marks=marks, precision={}
    )


def ordered(one: Candidate, order: Order) -> Order:
    """The order, of the record's own class."""
    return replace(order, item=one.item or order.item)


def judge(one: Candidate, registers: Registers, entries: Any, order: Order) -> Assessment:
    asked = question(books=registers, policies=entries)
    gates = records.IMAGING_GATES
    return assess(one, asked, order=ordered(one, order), gates=gates)


def rank(found: Assessment) -> int:
    return found.outcome.rank


@given(images(), books(), policies(), orders(), st.integers(1, 30))
def test_images_made_earlier_are_never_better(
    one: Candidate, registers: Registers, entries: Any, order: Order, earlier: int
) -> None:
    if one.collected is None or one.issued is None:
        return
    day = one.collected.day - timedelta(days=earlier)
    older = msgspec.structs.replace(one, collected=find_moment(f"{day}T08:00:00+08:00"))
    if day.year < 2026:
        return
    constant = replace(
        registers.rows,
        qualifications=tuple(
            replace(r, start=date(2020, 1, 1), end=None) for r in registers.rows.qualifications
        ),
    )
    still = Registers(constant)
    assert rank(judge(older, still, entries, order)) >= rank(judge(one, still, entries, order))


@given(images(), books(), policies(), orders(), st.data())
def test_a_valid_check_turned_invalid_is_never_better(
    one: Candidate, registers: Registers, entries: Any, order: Order, data: st.DataObject
) -> None:
    good = [n for n, row in enumerate(registers.rows.qualifications) if row.acceptable]
    if not good:
        return
    rows: list[QualificationRow] = list(registers.rows.qualifications)
    place = data.draw(st.sampled_from(good))
    rows[place] = replace(rows[place], acceptable=False)
    worse = Registers(replace(registers.rows, qualifications=tuple(rows)))
    before, after = (rank(judge(one, r, entries, order)) for r in (registers, worse))
    assert after >= before


@given(images(), books(), policies(), orders(), st.integers(0, 30))
def test_a_tighter_limit_of_images_is_never_better(
    one: Candidate, registers: Registers, entries: Any, order: Order, days: int
) -> None:
    tight = [*entries, policy("receiver:" + records.RECEIVER, time_limits={"imaging": days})]
    before, after = (rank(judge(one, registers, e, order)) for e in (entries, tight))
    assert after >= before


@given(images(), books(), policies(), orders(), st.data())
def test_a_narrower_mark_of_images_is_never_better(
    one: Candidate, registers: Registers, entries: Any, order: Order, data: st.DataObject
) -> None:
    wide = data.draw(st.integers(0, len(NARROWING) - 2))
    narrow = data.draw(st.integers(wide + 1, len(NARROWING) - 1))
    found = []
    for n in (wide, narrow):
        marks = tuple(mark(NARROWING[n], item=item) for item in records.IMAGING)
        marked = Registers(replace(registers.rows, marks=marks))
        found.append(rank(judge(one, marked, entries, order)))
    assert found[1] >= found[0]


# What may be taken away, and the rules for which not knowing may be milder than knowing.
LESS: dict[str, tuple[Any, set[str]]] = {
    "report_status": (None, set()),
    "issued": (None, set()),
    "reviewed": (False, set()),
    "institution": (None, set()),
    "mapping": ("unconfirmed", set()),
}
LESS_OF_STUDY: dict[str, tuple[Any, set[str]]] = {
    "parts": (NO_PARTS, {"R-603"}),
    "laterality": (None, {"R-603"}),
    "contrast": (None, {"R-604", "R-605"}),
    "tracer": (None, set()),
    "expected": (None, set()),
    "received": (None, set()),
    "retrievable": (None, set()),
    "original": (None, set()),
    "complete": (None, set()),
    "identity": (None, {"R-608"}),
}


@given(images(), books(), policies(), orders(), _often(sorted(LESS)))
def test_taking_an_input_away_is_never_better(
    one: Candidate, registers: Registers, entries: Any, order: Order, field: str
) -> None:
    value, milder = LESS[field]
    if field == "issued" and one.collected is None:
        return  # the estimate goes with it, and whatever hung on that day
    less = msgspec.structs.replace(one, **{field: value})
    before, after = (judge(r, registers, entries, order) for r in (one, less))
    assert rank(after) >= rank(before) or milder


@given(images(), books(), policies(), orders(), _often(sorted(LESS_OF_STUDY)))
@settings(max_examples=300)
def test_taking_a_fact_of_the_images_away_is_never_better_unless_the_finding_says_unknown(
    one: Candidate, registers: Registers, entries: Any, order: Order, field: str
) -> None:
    value, milder = LESS_OF_STUDY[field]
    assert one.study is not None
    less = msgspec.structs.replace(one, study=msgspec.structs.replace(one.study, **{field: value}))
    before, after = (judge(r, registers, entries, order) for r in (one, less))
    if rank(after) >= rank(before):
        return
    fired = {f.rule for f in before.findings if f.fired and f.effect is not Effect.PASS}
    unknown = {f.rule for f in after.findings if f.unknown}
    if field == "contrast" and one.item not in ("CT", "MRI"):
        return  # a class without the question takes silence for plain
    assert fired & unknown & milder, (fired, unknown)


@given(images(), books(), policies(), orders(), _often(["body_part", "contrast", "tracer"]))
def test_an_order_that_says_less_is_never_recognised_more(
    one: Candidate, registers: Registers, entries: Any, order: Order, field: str
) -> None:
    if field == "contrast" and one.item not in ("CT", "MRI"):
        return
    nothing: dict[str, Any] = {field: None}
    less = replace(order, **nothing)
    before, after = (judge(one, registers, entries, o) for o in (order, less))
    assert after.outcome is not Outcome.RECOGNISE or before.outcome is Outcome.RECOGNISE


@given(st.lists(images(), max_size=7, unique_by=lambda c: c.resource), books(), orders(), st.data())
@settings(max_examples=60)
def test_the_order_of_studies_and_rows_changes_nothing(
    known: list[Candidate], registers: Registers, order: Order, data: st.DataObject
) -> None:
    rows = registers.rows
    shuffled = Registers(
        replace(
            rows,
            institutions=tuple(data.draw(st.permutations(rows.institutions))),
            qualifications=tuple(data.draw(st.permutations(rows.qualifications))),
            marks=tuple(data.draw(st.permutations(rows.marks))),
        )
    )
    first = assess_order(order.item, known, question(books=registers), order=order)
    turned = data.draw(st.permutations(known))
    again = assess_order(order.item, turned, question(books=shuffled), order=order)
    assert again == first


@given(
    st.lists(images(), max_size=7, unique_by=lambda c: c.resource), images(), books(), orders()
)  # fmt: skip
@settings(max_examples=60)
def test_images_that_are_no_candidate_change_nothing(
    known: list[Candidate], other: Candidate, registers: Registers, order: Order
) -> None:
    asked = question(books=registers)
    gates = records.IMAGING_GATES
    before = assess_order(order.item, known, asked, order=order, gates=gates)
    for change in (
        {"identity": Identity(Relation.NONE)},
        {"current": False},
        {"status": "entered-in-error"},
        {"report_status": "entered-in-error"},
        {"withheld": True},
        {"withheld": None},
        {"item": None, "mapping": None},
        {"item": "K"},
        {"collected": find_moment("2025-06-14"), "issued": None},
    ):
        outsider = msgspec.structs.replace(other, **change)
        with_it = [*known, outsider]
        after = assess_order(order.item, with_it, asked, order=order, gates=gates)
        assert after == before


@given(
    st.lists(images(), max_size=8, unique_by=lambda c: c.resource), books(), policies(), orders()
)  # fmt: skip
@settings(max_examples=60)
def test_at_most_one_study_is_better_than_a_refusal_and_it_leads(
    known: list[Candidate], registers: Registers, entries: Any, order: Order
) -> None:
    asked = question(books=registers, policies=entries)
    gates = records.IMAGING_GATES
    judged = assess_order(order.item, known, asked, order=order, gates=gates)
    better = [one for one in judged.assessments if one.outcome is not Outcome.REFUSE]
    assert len(better) <= 1
    if better:
        assert better[0] == judged.leading
        assert judged.outcome is better[0].outcome
    assert len(judged.assessments) <= 5
    assert (judged.outcome is Outcome.NONE) == (judged.assessments == ())
    hidden = {"R-001", "R-003", "R-005", "R-010", "R-101"}
    assert not any(
        f.fired or f.unknown for a in judged.assessments for f in a.findings if f.rule in hidden
    )


@given(images(), books(), policies(), orders())
def test_findings_of_images_are_the_rules_of_images_up_to_the_gate_that_refuses(
    one: Candidate, registers: Registers, entries: Any, order: Order
) -> None:
    found = judge(one, registers, entries, order)
    rules = [finding.rule for finding in found.findings]
    assert rules == sorted(set(rules))
    reached = {rule[2] for rule in rules}
    for gate in load_rulebook().gates:
        if str(gate.number) in reached:
            of_its_kind = [r.id for r in gate.rules if Kind.IMAGING in r.kinds]
            assert of_its_kind == [r for r in rules if int(r[2]) == gate.number]
    refusing = [f.rule[2] for f in found.findings if f.effect is Effect.REFUSE]
    assert set(refusing) <= {max(reached)}
    notice = next((f for f in found.findings if f.rule == "R-609"), None)
    assert notice is None or not (notice.fired and refusing)


@given(images(), books(), policies(), orders())
@settings(max_examples=60)
def test_a_condition_about_images_answers_once_with_facts_json_can_say(
    one: Candidate, registers: Registers, entries: Any, order: Order
) -> None:
    rules = {rule.condition: rule for rule in load_rulebook().rules.values()}
    facts = Facts(one, question(books=registers, policies=entries), None, ordered(one, order))
    for name, condition in CONDITIONS.items():
        said, rule = condition(facts), rules[name]
        assert not (said.fired and said.unknown)
        assert said == condition(facts)
        assert msgspec.json.decode(msgspec.json.encode(said.data)) == said.data
        assert rule.unknown is not None or not said.unknown
        assert "2010-01-01" not in str(said.data)
