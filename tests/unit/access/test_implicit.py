"""The four overarching policies of IHE PCF."""

import pytest

from hie.access.actor import Purpose
from hie.access.implicit import Implicit, permits
from hie.consent.words import purpose_bit


@pytest.mark.parametrize(
    ("policy", "permitted"),
    [
        (Implicit.BASIC_NORMAL, {"TREAT", "ETREAT", "BTG"}),
        (Implicit.ALL_NORMAL, set(Purpose)),
        (Implicit.BREAK_GLASS_ONLY, {"BTG"}),
        (Implicit.DENY, set()),
    ],
)
def test_what_a_policy_permits(policy: Implicit, permitted: set[str]) -> None:
    assert {purpose for purpose in Purpose if permits(policy, purpose)} == permitted


def test_every_purpose_of_the_hub_can_be_asked_about() -> None:
    assert len({purpose_bit(purpose) for purpose in Purpose}) == len(Purpose)
