"""Laws of the engine: what may never make an outcome better, and what must change nothing.

The cases of `tests/conformance/rulebook` say what each rule does; here is what holds of all.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hie.recognition.assessment import Assessment, Effect, Outcome
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.conditions import CONDITIONS
from hie.recognition.eligibility import Registers
from hie.recognition.engine import assess, assess_order
from hie.recognition.moment import Moment, find_moment
from hie.recognition.register import MarkRow, PrecisionRow, QualificationRow
from hie.recognition.request import Encounter
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind, Rulebook, load_rulebook
from tests.unit.recognition import records
from tests.unit.recognition.records import a_candidate, a_specimen, eqa, mark, policy, question

ON_DAY = date(2026, 6, 15)
ITEMS = {
    "K": (("4.1", "4.1", "6.3", "0.5", "5.2"), "mmol/L"),
    "CRE": (("80", "80", "60", "700"), "umol/L"),
    "HBA1C": (("6.1", "5.5"), "%"),
    "LDH": (("180", "400"), "U/L"),
    "HBSAG": (("0.05",), "S/CO"),
}
WORDS = ("阴性", "阳性", "灰区", None)
METHODS = {
    "LDH": ("lactate-to-pyruvate", "pyruvate-to-lactate"),
    "CRE": ("enzymatic", "jaffe"),
    "HBSAG": ("immunoassay", "rapid"),
}
MARKS = ["全国HR", "京津冀HR", "冀HR", "石家庄HR", "石家庄市长安区HR", "武汉HR", "★", "什么HR"]
# each is narrower than the one before it, for a receiver in 130102
NARROWING = ["全国HR", "京津冀HR", "冀HR", "石家庄HR", "石家庄市长安区HR", "石家庄市桥西区HR"]


def collected(days_ago: int) -> str:
    return f"{(ON_DAY - timedelta(days=days_ago)).isoformat()}T08:00:00+08:00"


@st.composite
def candidates(draw: st.DrawFn, days: st.SearchStrategy[int] | None = None) -> Candidate:
    item = draw(st.sampled_from(sorted(ITEMS)))
    values, unit = ITEMS[item]
    value = draw(st.sampled_from(values))
    at = collected(draw(days if days is not None else st.integers(0, 40)))
    often = st.sampled_from
    return a_candidate(
        item=item,
        value=draw(often([value, value, value, None])),
        words=draw(often(WORDS)) if item == "HBSAG" else None,
        comparator=draw(often([None, None, None, "<", ">="])),
        unit=draw(often([unit, unit, unit, unit.upper(), "g/L", None])),
        low=draw(often(["", "", "1.0", None])),
        method=draw(often([None, "L-P", "P-L", "酶法", "苦味酸法", "化学发光", "POCT"])),
        category=draw(often(["laboratory", "laboratory", None])),
        specimen=a_specimen(
            kind=draw(often(["静脉血", "静脉血", None, "尿液", "引流液"])),
            conditions=draw(often([["无溶血"], ["无溶血"], ["重度溶血"], ["轻度脂血"], None])),
        ),
        birth_date=draw(often(["1980-05-01", "1980-05-01", "1980-05-01", "2015-05-01", None])),
        sex=draw(often(["male", "male", "female", None])),
        mapping=draw(often(["confirmed", "confirmed", "unconfirmed"])),
        status=draw(often(["final", "final", "final", "corrected", "preliminary", None])),
        report_status=draw(often(["final", "final", "final", "partial", "unknown"])),
        collected=draw(often([at, at, at, None])),
        issued=draw(often([at, at, None])),
        reviewed=draw(often([True, True, False])),
        control=draw(often(["in", "in", None, "out"])),
        performer_code=draw(often([records.SOURCE, records.SOURCE, None])),
        identity=draw(
            often([
                records.STRONG, records.STRONG, Identity(Relation.LINKED),
                Identity(Relation.STRONG, ("sex",)), Identity(Relation.STRONG, (), False),
                Identity(Relation.NONE),
            ])
        ),
        key=draw(st.text("abcdef", min_size=4, max_size=4)),
        report=draw(often(["F1", "F2"])),
        withheld=draw(often([False, False, False, True, None])),
        current=draw(often([True, True, True, False])),
    )  # fmt: skip


@st.composite
def orders(draw: st.DrawFn, item: str | None = None) -> Order:
    key = item or draw(st.sampled_from(sorted(ITEMS)))
    return Order(
        "1",
        key,
        method=draw(st.sampled_from([None, None, *METHODS.get(key, ())])),
        setting=draw(st.sampled_from([None, None, "laboratory", "point-of-care"])),
        conflict=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def encounters(draw: st.DrawFn) -> Encounter:
    often = st.sampled_from
    dates = often(["2026-05-20", "2026-06-10T09:00:00+08:00", "2026-06-15", "2026-06-16"])
    events = tuple(("surgery", moment(at)) for at in draw(st.lists(dates, max_size=3)))
    return Encounter(
        draw(often(["outpatient", "outpatient", "emergency", ""])),
        draw(often(["treatment", "treatment", "judicial", ""])),
        draw(often(["", "", "surgery"])),
        draw(often([None, (), events])),
        draw(often([None, False, True])),
    )


def moment(text: str) -> Moment:
    found = find_moment(text)
    assert found is not None
    return found


@st.composite
def books(draw: st.DrawFn) -> Registers:
    rounds = [
        eqa(start, end, acceptable=draw(st.booleans()), scheme=scheme, item=item)
        for item in ITEMS
        for start, end in (("2025-01-01", "2026-12-31"), ("2026-01-01", "2026-03-31"),
                           ("2026-04-01", "2026-06-20"))
        for scheme in ("NCCL", "北京")
        if draw(st.booleans())
    ]  # fmt: skip
    marks = [
        mark(text, item=item)
        for item in ITEMS
        for text in draw(st.lists(st.sampled_from(MARKS), max_size=2, unique=True))
    ]
    cvs = [
        PrecisionRow(records.SOURCE, item, month, Decimal(draw(st.sampled_from(["1.0", "9.9"]))))
        for item in ITEMS
        for month in ("2026-04", "2026-05", "2026-06")
        if draw(st.booleans())
    ]
    source = records.institution(
        level=draw(st.sampled_from(["3A", "2", ""])),
        status=draw(st.sampled_from(["active", "active", "active", "suspended"])),
        consortium=draw(st.sampled_from(["", "", "示例医联体"])),
    )
    receiver = records.receiver(consortium=draw(st.sampled_from(["", "示例医联体"])))
    rows = records.registers(
        institutions=(source, receiver), qualifications=rounds, marks=marks
    ).rows
    return Registers(replace(rows, precision=tuple(cvs)))


@st.composite
def policies(draw: st.DrawFn) -> list[Any]:
    return [
        policy(
            "region:13",
            voluntary=draw(st.sampled_from([True, False, None])),
            level_rule=draw(st.sampled_from(["none", "same_or_higher"])),
            time_limits={"laboratory": draw(st.integers(0, 30))},
        )
    ]


def rank(found: Assessment) -> int:
    return found.outcome.rank


def judge(
    one: Candidate,
    registers: Registers,
    entries: Any = (),
    order: Order | None = None,
    encounter: Encounter = records.NOTHING_SPECIAL,
) -> Assessment:
    asked = question(
        books=registers, policies=entries, encounter=encounter, pregnant=encounter.pregnant
    )
    if order is not None:
        method = order.method if order.method in METHODS.get(one.item or "", ()) else None
        order = replace(order, item=one.item or order.item, method=method)
    return assess(one, asked, order=order, gates=records.GATES)


@given(candidates(), books(), policies(), orders(), encounters(), st.integers(1, 30))
def test_collected_earlier_is_never_better(
    one: Candidate,
    registers: Registers,
    entries: Any,
    order: Order,
    encounter: Encounter,
    earlier: int,
) -> None:
    if one.collected is None or one.issued is None:
        return
    day = one.collected.day - timedelta(days=earlier)
    older = msgspec.structs.replace(one, collected=find_moment(f"{day}T08:00:00+08:00"))
    # registers constant over that time: the same rows cover both days
    constant = replace(
        registers.rows,
        qualifications=tuple(
            replace(r, start=date(2020, 1, 1), end=None) for r in registers.rows.qualifications
        ),
        precision=tuple(
            PrecisionRow(records.SOURCE, item, f"2026-{month:02d}", Decimal(1))
            for item in ITEMS
            for month in range(1, 13)
        ),
    )
    if older.collected is None or older.collected.day.year < 2026:
        return
    still = Registers(constant)
    before, after = (judge(r, still, entries, order, encounter) for r in (one, older))
    assert rank(after) >= rank(before)


@given(candidates(), books(), policies(), st.data())
def test_an_acceptable_round_turned_unacceptable_is_never_better(
    one: Candidate, registers: Registers, entries: Any, data: st.DataObject
) -> None:
    good = [n for n, row in enumerate(registers.rows.qualifications) if row.acceptable]
    if not good:
        return
    place = data.draw(st.sampled_from(good))
    rows: list[QualificationRow] = list(registers.rows.qualifications)
    rows[place] = replace(rows[place], acceptable=False)
    worse = Registers(replace(registers.rows, qualifications=tuple(rows)))
    assert rank(judge(one, worse, entries)) >= rank(judge(one, registers, entries))


@given(candidates(), books(), policies(), st.decimals(0, 20, places=2))
def test_a_higher_cv_is_never_better(
    one: Candidate, registers: Registers, entries: Any, more: Decimal
) -> None:
    rows = tuple(replace(r, cv_percent=r.cv_percent + more) for r in registers.rows.precision)
    worse = Registers(replace(registers.rows, precision=rows))
    assert rank(judge(one, worse, entries)) >= rank(judge(one, registers, entries))


@given(candidates(), books(), policies(), st.integers(0, 30))
def test_a_tighter_limit_is_never_better(
    one: Candidate, registers: Registers, entries: Any, days: int
) -> None:
    tight = [*entries, policy("receiver:" + records.RECEIVER, time_limits={"laboratory": days})]
    assert rank(judge(one, registers, tight)) >= rank(judge(one, registers, entries))


@given(candidates(), books(), policies(), st.data())
def test_a_mark_replaced_by_a_narrower_one_is_never_better(
    one: Candidate, registers: Registers, entries: Any, data: st.DataObject
) -> None:
    wide = data.draw(st.integers(0, len(NARROWING) - 2))
    narrow = data.draw(st.integers(wide + 1, len(NARROWING) - 1))

    def marked(text: str) -> Registers:
        return Registers(replace(registers.rows, marks=tuple(mark(text, item=i) for i in ITEMS)))

    found = [rank(judge(one, marked(NARROWING[n]), entries)) for n in (wide, narrow)]
    assert found[1] >= found[0]


# What may be taken away, and the rules for which not knowing may be milder than knowing.
LESS: dict[str, Any] = {
    "status": (None, set()),
    "report_status": (None, set()),
    "issued": (None, set()),
    "reviewed": (False, set()),
    "institution": (None, set()),
    "control": (None, {"R-205"}),
    "mapping": ("unconfirmed", set()),
    "birth_date": (None, {"R-508", "R-308"}),
    "sex": (None, {"R-308"}),
}
LESS_OF_VALUE: dict[str, Any] = {
    "value": {"number": None, "exact": None, "text": None, "stated": False, "read_as": None},
    "unit": {"reported_unit": None, "read_as": None, "exact": None, "text": None},
    "class": {"result_class": None, "stated": False},
    "interval": {"low": None, "high": None},
}
# a specimen that is not stated leaves it to the map; one that nobody understands does not
LESS_OF_MEASURED: dict[str, Any] = {
    "specimen": ("", set()),
    "defects": (None, {"R-306"}),
    "method": ("", {"R-302"}),
    "setting": (None, {"R-307"}),
}
LESS_OF_ENCOUNTER: dict[str, Any] = {
    "kind": ("", {"R-502"}),
    "purpose": ("", {"R-504"}),
    "events": (None, {"R-505"}),
}


def never_better(before: Assessment, after: Assessment, milder: set[str]) -> None:
    """Not better, or only by rules that are now unknown and milder so; the finding says it."""
    if rank(after) >= rank(before):
        return
    fired = {f.rule for f in before.findings if f.fired and f.effect is not Effect.PASS}
    unknown = {f.rule for f in after.findings if f.unknown}
    assert fired & unknown & milder, (fired, unknown)


@given(candidates(), books(), policies(), orders(), encounters(), st.sampled_from(sorted(LESS)))
def test_taking_an_input_away_is_never_better_unless_the_finding_says_unknown(
    one: Candidate,
    registers: Registers,
    entries: Any,
    order: Order,
    encounter: Encounter,
    field: str,
) -> None:
    value, milder = LESS[field]
    if field == "issued" and one.collected is None:
        return  # the estimate goes with it, and whatever hung on that day
    less = msgspec.structs.replace(one, **{field: value})
    before, after = (judge(r, registers, entries, order, encounter) for r in (one, less))
    never_better(before, after, milder)


@given(candidates(), books(), policies(), orders(), st.sampled_from(sorted(LESS_OF_VALUE)))
def test_taking_a_part_of_the_value_away_is_never_better_unless_the_finding_says_unknown(
    one: Candidate, registers: Registers, entries: Any, order: Order, field: str
) -> None:
    less = msgspec.structs.replace(
        one, value=msgspec.structs.replace(one.value, **LESS_OF_VALUE[field])
    )
    before, after = (judge(r, registers, entries, order) for r in (one, less))
    never_better(before, after, {"R-308"} if field == "interval" else set())


@given(candidates(), books(), policies(), orders(), st.sampled_from(sorted(LESS_OF_MEASURED)))
def test_taking_a_fact_of_the_measurement_away_is_never_better_unless_the_finding_says_unknown(
    one: Candidate, registers: Registers, entries: Any, order: Order, field: str
) -> None:
    value, milder = LESS_OF_MEASURED[field]
    measured = msgspec.structs.replace(one.measured, **{field: value})
    less = msgspec.structs.replace(one, measured=measured)
    before, after = (judge(r, registers, entries, order) for r in (one, less))
    never_better(before, after, milder)


@given(candidates(), books(), orders(), encounters(), st.sampled_from(sorted(LESS_OF_ENCOUNTER)))
def test_an_encounter_that_states_less_is_never_better_unless_the_finding_says_unknown(
    one: Candidate, registers: Registers, order: Order, encounter: Encounter, field: str
) -> None:
    value, milder = LESS_OF_ENCOUNTER[field]
    less = replace(encounter, **{field: value})
    before, after = (judge(one, registers, (), order, e) for e in (encounter, less))
    never_better(before, after, milder)


@given(
    st.lists(candidates(), max_size=7, unique_by=lambda c: c.resource),
    books(),
    encounters(),
    st.data(),
)
@settings(max_examples=60)
def test_the_order_of_records_and_rows_changes_nothing(
    known: list[Candidate], registers: Registers, encounter: Encounter, data: st.DataObject
) -> None:
    rows = registers.rows
    shuffled = replace(
        rows,
        institutions=tuple(data.draw(st.permutations(rows.institutions))),
        qualifications=tuple(data.draw(st.permutations(rows.qualifications))),
        precision=tuple(data.draw(st.permutations(rows.precision))),
        marks=tuple(data.draw(st.permutations(rows.marks))),
    )
    asked, again = (
        question(books=book, encounter=encounter) for book in (registers, Registers(shuffled))
    )
    for item in ITEMS:
        order = data.draw(orders(item))
        first = assess_order(item, known, asked, order=order)
        turned = data.draw(st.permutations(known))
        assert assess_order(item, turned, again, order=order) == first


@given(st.lists(candidates(), max_size=7, unique_by=lambda c: c.resource), candidates(), books())
@settings(max_examples=60)
def test_a_record_that_is_no_candidate_changes_nothing(
    known: list[Candidate], other: Candidate, registers: Registers
) -> None:
    asked = question(books=registers)
    for item in ITEMS:
        before = assess_order(item, known, asked, gates=records.GATES)
        for change in (
            {"identity": Identity(Relation.NONE)},
            {"current": False},
            {"status": "entered-in-error"},
            {"report_status": "entered-in-error"},
            {"withheld": True},
            {"withheld": None},
            {"item": None, "mapping": None},
            {"collected": find_moment("2025-06-14"), "issued": None},
        ):
            outsider = msgspec.structs.replace(other, **change)
            after = assess_order(item, [*known, outsider], asked, gates=records.GATES)
            assert after == before


@given(
    st.lists(candidates(), max_size=8, unique_by=lambda c: c.resource),
    books(),
    policies(),
    encounters(),
    st.data(),
)
@settings(max_examples=60)
def test_at_most_one_candidate_is_better_than_a_refusal_and_it_leads(
    known: list[Candidate],
    registers: Registers,
    entries: Any,
    encounter: Encounter,
    data: st.DataObject,
) -> None:
    asked = question(books=registers, policies=entries, encounter=encounter)
    for item in ITEMS:
        judged = assess_order(item, known, asked, order=data.draw(orders(item)))
        better = [one for one in judged.assessments if one.outcome is not Outcome.REFUSE]
        assert len(better) <= 1
        if better:
            assert better[0] == judged.leading
            assert judged.outcome is better[0].outcome
        if judged.leading:
            assert judged.leading in judged.assessments
        assert len(judged.assessments) <= 5
        assert (judged.outcome is Outcome.NONE) == (judged.assessments == ())
        # in an order's answer these have nothing left to refuse
        hidden = {"R-001", "R-003", "R-005", "R-010", "R-101"}
        assert not any(
            f.fired or f.unknown for a in judged.assessments for f in a.findings if f.rule in hidden
        )


@given(candidates(), books(), policies(), orders(), encounters())
def test_findings_stand_by_rising_id_up_to_the_gate_that_refuses(
    one: Candidate, registers: Registers, entries: Any, order: Order, encounter: Encounter
) -> None:
    found = judge(one, registers, entries, order, encounter)
    rules = [finding.rule for finding in found.findings]
    assert rules == sorted(set(rules))
    reached = {rule[2] for rule in rules}
    for gate in load_rulebook().gates:
        if gate.number in records.GATES and str(gate.number) in reached:
            of_its_kind = [r.id for r in gate.rules if Kind.LABORATORY in r.kinds]
            assert of_its_kind == [r for r in rules if int(r[2]) == gate.number]
    refusing = [f.rule[2] for f in found.findings if f.effect is Effect.REFUSE]
    assert set(refusing) <= {max(reached)}
    for finding in found.findings:
        assert not (finding.fired and finding.unknown)


def test_every_condition_has_a_rule_and_every_rule_a_condition() -> None:
    load_rulebook().check_conditions(CONDITIONS)


def test_what_follows_is_the_rulebooks_to_say() -> None:
    book = load_rulebook()
    changed = []
    for gate in book.gates:
        rules = tuple(
            replace(rule, outcome=Effect.REVIEW) if rule.id == "R-401" else rule
            for rule in gate.rules
        )
        changed.append(replace(gate, rules=rules))
    milder = Rulebook(tuple(changed), book.basis, book.rules)
    old = a_candidate(collected=collected(9))
    asked = question(rulebook=milder)
    assert assess(old, asked, gates=records.GATES).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("change", "hidden"),
    [({"identity": Identity(Relation.NONE)}, True), ({"withheld": True}, True),
     ({"withheld": None}, True), ({"current": False}, True), ({"status": None}, False)],
)  # fmt: skip
def test_a_record_of_somebody_else_or_withheld_is_hidden(change: Any, hidden: bool) -> None:
    found = assess(a_candidate(**change), question())
    assert found.outcome is Outcome.REFUSE
    assert found.hidden is hidden


def test_marks_of_other_items_and_institutions_say_nothing() -> None:
    others = [mark("全国HR", item="NA"), MarkRow("x", "K", "全国HR", date(2022, 3, 1), None)]
    found = judge(a_candidate(), records.registers(marks=others))
    assert found.mark is None
    assert [f.rule for f in found.findings if f.fired] == ["R-107"]
