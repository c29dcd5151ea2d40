"""What an institution agreed on bounds what its systems and people may."""

import pytest

from hie.access.agreement import STANDARD, Agreement, unknown_scopes

LABORATORY = "system/Observation.rs?category=laboratory"


@pytest.mark.parametrize(
    ("held", "agreed", "left"),
    [
        ({"system/*.cruds"}, ("system/Observation.rs",), {"system/Observation.rs"}),
        ({"system/Observation.rs"}, ("system/*.cruds",), {"system/Observation.rs"}),
        ({"system/Observation.rs"}, ("system/Observation.c",), set()),
        ({"system/Observation.rs"}, ("system/Patient.rs",), set()),
        ({"system/*.rs"}, ("user/*.rs",), set()),
        ({"patient/Observation.rs"}, ("user/*.r",), {"patient/Observation.r"}),
        ({"user/*.rs"}, ("user/*.rs",), {"user/*.rs"}),
        ({"user/*.rs"}, ("patient/Observation.rs",), {"patient/Observation.rs"}),
        ({LABORATORY}, ("system/*.rs",), {LABORATORY}),
        ({"system/*.rs"}, (LABORATORY,), {LABORATORY}),
        ({LABORATORY}, ("system/Observation.rs?category=vital-signs",), set()),
        (
            {"system/Observation.rs?category=laboratory,imaging"},
            ("system/Observation.r?category=imaging,survey&status=final",),
            {"system/Observation.r?category=imaging&status=final"},
        ),
        (
            {"hie/order-check", "hie/decide"},
            ("hie/order-check", "system/*.rs"),
            {"hie/order-check"},
        ),
        ({"hie/order-check"}, (), set()),
    ],
)
def test_a_scope_is_cut_to_what_was_agreed(
    held: set[str], agreed: tuple[str, ...], left: set[str]
) -> None:
    assert Agreement(scopes=agreed).within(frozenset(held)) == left


def test_without_an_agreement_of_its_own_an_institution_has_the_standard_one() -> None:
    scopes = frozenset({"system/*.cruds", "hie/intake"})
    assert STANDARD.within(scopes) == scopes
    assert STANDARD.permits_purpose("TREAT")
    assert STANDARD.clearance == 0


@pytest.mark.parametrize(
    ("agreed", "systems", "people"),
    [
        (
            STANDARD,
            {"own", "visit", "order", "referral", "patient", "declared"},
            {"visit", "order", "referral", "patient"},
        ),
        (
            Agreement(people_declare=True),
            {"own", "visit", "order", "referral", "patient", "declared"},
            {"visit", "order", "referral", "patient", "declared"},
        ),
        (
            Agreement(declares=False, people_declare=True),
            {"own", "visit", "order", "referral", "patient"},
            {"visit", "order", "referral", "patient"},
        ),
        (Agreement(encounter=True, people_declare=True), {"own", "visit"}, {"visit"}),
    ],
)
def test_what_counts_as_treating(agreed: Agreement, systems: set[str], people: set[str]) -> None:
    assert agreed.kinds(is_person=False) == systems
    assert agreed.kinds(is_person=True) == people


def test_what_is_no_scope_is_named() -> None:
    assert unknown_scopes(["system/*.rs", "nonsense", "hie/decide"]) == ["nonsense"]
