"""Section 9: the reasons suggested, and what a recognised result saves."""

from decimal import ROUND_HALF_UP, Decimal

from tests.conformance.second_opinion.answers import DNR, REV
from tests.conformance.second_opinion.items import ITEMS, is_imaging
from tests.conformance.second_opinion.order import NONE, RECOGNISE, Judged
from tests.conformance.second_opinion.question import Question

_KEYS = {
    "D1": "D1_IDENTITY_DOUBT", "D2": "D2_DATA_UNUSABLE", "L2": "L2_EQA_FAILED",
    "L3": "L3_TOO_OLD", "Q1": "Q1_METHOD_NOT_COMPARABLE", "Q2": "Q2_SPECIMEN_DEFECT",
    "N1": "N1_CONDITION_CHANGED", "N2": "N2_RAPIDLY_CHANGING", "N3": "N3_CRITICAL_DECISION",
    "N4": "N4_EMERGENCY", "N5": "N5_LEGAL_APPRAISAL", "N6": "N6_OTHER_NECESSARY",
    "I1": "I1_IMAGES_MISSING", "I2": "I2_IMAGE_QUALITY", "I3": "I3_PART_MISMATCH",
    "I4": "I4_PLAIN_VS_CONTRAST",
}  # fmt: skip
_SUGGESTED = {
    "R-002": "D1", "R-004": "D2", "R-005": "D2", "R-006": "D2", "R-007": "D2", "R-008": "D2",
    "R-009": "D2", "R-101": "D2", "R-303": "D2", "R-305": "D2", "R-201": "L2", "R-203": "L2",
    "R-207": "L2", "R-302": "Q1", "R-306": "Q2", "R-401": "L3", "R-405": "N2", "R-505": "N2",
    "R-507": "N2", "R-501": "N1 N2", "R-502": "N4", "R-503": "N3", "R-504": "N5", "R-506": "N1",
    "R-601": "I1", "R-602": "I2", "R-606": "I2", "R-603": "I3", "R-604": "I4", "R-608": "D1",
}  # fmt: skip


def reasons(judged: Judged, question: Question) -> list[str]:
    """Keys in full: those the findings suggest, the national ones left, the policy's own."""
    if judged.outcome == NONE:
        return []
    of = judged.leading or judged.listed[0]
    suggested = [
        _KEYS[key]
        for rule, answer in sorted(of.answers.items())
        if answer.effect in (REV, DNR)
        for key in _SUGGESTED.get(rule, "").split()
    ]
    national = [_KEYS[f"N{n}"] for n in range(1, 7)]
    own = question.policy.value("local_reasons")
    return list(dict.fromkeys([*suggested, *national, *own]))


def saves(judged: list[tuple[Question, Judged]]) -> list[tuple[str, str] | None]:
    """Billable and amount of each order of a request, null where nothing is offered.

    Laboratory orders of one billable are run together: the first carries the amount, and none
    does if any of them has to be run anyway.
    """
    found: list[tuple[str, str] | None] = []
    offered = (RECOGNISE, REV)
    for n, (question, one) in enumerate(judged):
        if one.outcome not in offered:
            found.append(None)
            continue
        billable, listed = ITEMS[question.item]["price"]
        price = question.policy.of_map("prices", billable)
        amount = Decimal(str(listed if price is None else price))
        together = [
            m
            for m, (other, _) in enumerate(judged)
            if not is_imaging(other.item)
            and not is_imaging(question.item)
            and ITEMS[other.item]["price"][0] == billable
        ]
        run_anyway = any(judged[m][1].outcome not in offered for m in together)
        if together and (run_anyway or together[0] != n):
            amount = Decimal(0)
        found.append((billable, str(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))))
    return found
