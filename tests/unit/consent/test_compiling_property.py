"""An ordered list decides as the tree of provisions does, whatever the tree."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hie.consent.compiling import compile_all
from hie.consent.provision import Labels, Provision, Who
from hie.consent.reading import read
from hie.consent.rule import DENY
from hie.consent.terms import Terms
from hie.consent.words import BITS, EVERY_PURPOSE
from tests.unit.consent.consents import ADULT, KNOWN, NOW, RESULT, a_consent, rule
from tests.unit.consent.evaluator import Question, Record, decide

_SAYS = {
    "who": st.sampled_from(["Organization/a", "Organization/b", "Organization/a Organization/c"]),
    "purpose": st.sampled_from(["TREAT", "ETREAT", "BTG", "TREAT PUBHLTH"]),
    "labels": st.sampled_from(["N", "R", "HIV", "PSY HIV", "N PSY"]),
    "period": st.sampled_from(["2026-06-15/", "/2026-06-14", "2026/2027"]),
}
_ONE = st.fixed_dictionaries({}, optional=_SAYS)


def _tree(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda kind, but, says: rule(kind, *but, **says),
        st.sampled_from(["permit", "deny"]), st.lists(inner, max_size=3), _ONE,
    )  # fmt: skip


_LEAF = st.builds(lambda kind, says: rule(kind, **says), st.sampled_from(["permit", "deny"]), _ONE)
TREES = _tree(_LEAF | _tree(_LEAF | _tree(_LEAF)))
QUESTIONS = st.builds(
    Question,
    st.sampled_from([one.institution for one in KNOWN.values() if one.institution]),
    st.sampled_from([BITS[code] for code in ("TREAT", "ETREAT", "BTG", "PUBHLTH")]),
    st.just(NOW),
)
RECORDS = st.builds(
    lambda kind, label: replace(RESULT, kind=kind, label=label),
    st.sampled_from(["Observation", "Patient"]),
    st.sampled_from([None, 0, 1, 1 + 4, 1 + 16, 1 + 20, 4 * 128, 1 + 4 * 2048, 2]),
)


def _said(one: Provision, above: Provision | None) -> Provision:
    if above is None:
        return one
    named = above.named_glass if one.purposes is None else one.named_glass
    return replace(
        one,
        who=above.who if one.who is None else one.who,
        purposes=above.purposes if one.purposes is None else one.purposes,
        named_glass=named,
        period=one.period or above.period,
        labels=one.labels or above.labels,
    )


def _holds(one: Provision, question: Question, record: Record) -> bool:
    """Whether a provision speaks, with the emergency asked like everything else."""
    bits = EVERY_PURPOSE if one.purposes is None else one.purposes
    who = one.who is None or any(w == Who(question.institution) for w in one.who)
    period = one.period is None or one.period[0] <= question.at_us < one.period[1]
    label = record.label
    if record.kind == "Patient":  # a permission of any record is one of seeing whose it is
        label = 1 if label is None else label
    labels = one.labels is None or _labelled(one.labels, one.permit, label)
    labels = labels or (record.kind == "Patient" and one.permit)
    return who and period and labels and bool(bits & question.purpose)


def _labelled(labels: Labels, permit: bool, label: int | None) -> bool:
    level, topics = (1, 2048) if label is None else (label & 3, label >> 2)
    if permit:
        by_topic = topics != 0 and not topics & ~labels.topics
        return (labels.level is not None and level <= labels.level) or by_topic
    by_topic = bool(labels.topics) and bool(topics & (labels.topics | 2048))
    return (labels.level is not None and level >= labels.level) or by_topic


def _tree_says(
    one: Provision, above: Provision | None, question: Question, record: Record
) -> bool | None:
    whole = _said(one, above)
    inner = [_tree_says(but, whole, question, record) for but in one.but]
    if False in inner:
        return False
    if True in inner:
        return True
    return one.permit if _holds(whole, question, record) else None


@given(st.lists(TREES, min_size=1, max_size=3), QUESTIONS, RECORDS)
def test_the_list_decides_as_the_trees_do(
    trees: list[dict[str, Any]], question: Question, record: Record
) -> None:
    directives = [read(a_consent(tree), KNOWN, NOW) for tree in trees]
    said = []
    for one in directives:
        root = one.root
        start, end = root.period or (question.at_us, question.at_us + 1)
        if not start <= question.at_us < end:
            continue
        found = _tree_says(root, None, question, record)
        about = EVERY_PURPOSE if root.purposes is None else root.purposes
        if found is None and root.permit and about & question.purpose:
            found = False
        said.append(found)
    expected = False if False in said else True if True in said else None
    rules = compile_all(directives, Terms(presumed=False), ADULT).rules
    decided = decide(rules, question, record)
    assert (None if decided is None else decided.decision != DENY) is expected
