"""Section 5: which rule is asked of what, in which gate."""

from collections.abc import Callable

from tests.conformance.second_opinion import gate0, gate1, gate2, gate3, gate4, gate5, gate6
from tests.conformance.second_opinion.answers import Answer, Standing
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record

Rule = Callable[[Record, Question], Answer]

# id, what it is for: L of a laboratory, I of images.
_TABLE: tuple[tuple[str, str, Rule], ...] = (
    ("R-001", "LI", gate0.r001), ("R-002", "LI", gate0.r002), ("R-003", "LI", gate0.r003),
    ("R-004", "LI", gate0.r004), ("R-005", "LI", gate0.r005), ("R-006", "LI", gate0.r006),
    ("R-007", "LI", gate0.r007), ("R-008", "LI", gate0.r008), ("R-009", "L", gate0.r009),
    ("R-010", "LI", gate0.r010),
    ("R-101", "LI", gate1.r101), ("R-102", "LI", gate1.r102), ("R-103", "LI", gate1.r103),
    ("R-104", "LI", gate1.r104), ("R-105", "LI", gate1.r105), ("R-106", "LI", gate1.r106),
    ("R-107", "LI", gate1.r107), ("R-108", "LI", gate1.r108), ("R-109", "LI", gate1.r109),
    ("R-110", "LI", gate1.r110),
    ("R-201", "L", gate2.r201), ("R-202", "L", gate2.r202), ("R-203", "L", gate2.r203),
    ("R-204", "L", gate2.r204), ("R-205", "L", gate2.r205), ("R-206", "LI", gate2.r206),
    ("R-207", "I", gate2.r207), ("R-208", "LI", gate2.r208),
    ("R-301", "L", gate3.r301), ("R-302", "L", gate3.r302), ("R-303", "L", gate3.r303),
    ("R-304", "L", gate3.r304), ("R-305", "L", gate3.r305), ("R-306", "L", gate3.r306),
    ("R-307", "L", gate3.r307), ("R-308", "L", gate3.r308), ("R-309", "L", gate3.r309),
    ("R-401", "LI", gate4.r401), ("R-402", "LI", gate4.r402), ("R-404", "LI", gate4.r404),
    ("R-405", "L", gate4.r405),
    ("R-501", "L", gate5.r501), ("R-502", "LI", gate5.r502), ("R-503", "LI", gate5.r503),
    ("R-504", "LI", gate5.r504), ("R-505", "LI", gate5.r505), ("R-506", "LI", gate5.r506),
    ("R-508", "L", gate5.r508),
    ("R-601", "I", gate6.r601), ("R-602", "I", gate6.r602), ("R-603", "I", gate6.r603),
    ("R-604", "I", gate6.r604), ("R-605", "I", gate6.r605), ("R-606", "I", gate6.r606),
    ("R-607", "I", gate6.r607), ("R-608", "I", gate6.r608), ("R-609", "I", gate6.r609),
    ("R-610", "I", gate6.r610), ("R-611", "I", gate6.r611),
)  # fmt: skip
# These two ask where the record stands among the others.
_STANDING = {"R-403": gate4.r403, "R-507": gate5.r507}
OF_LABORATORY = (0, 1, 2, 3, 4, 5)
OF_IMAGES = (0, 1, 2, 4, 5, 6)


def ask(
    gate: int, record: Record, question: Question, standing: Standing | None = None
) -> dict[str, Answer]:
    """The answers of every rule of a gate that is for this kind of record, by rising id."""
    kind = "I" if record.is_imaging else "L"
    found = {
        name: rule(record, question)
        for name, kinds, rule in _TABLE
        if name[2] == str(gate) and kind in kinds
    }
    stands = standing or Standing()
    if gate == 4:
        found["R-403"] = _STANDING["R-403"](record, question, stands)
    if gate == 5 and kind == "L":
        found["R-507"] = _STANDING["R-507"](record, question, stands)
    return dict(sorted(found.items()))
