"""Two operators are two people where they have no name in common."""

from dataclasses import replace

import pytest

from hie.access.operators import check_another, check_known
from hie.access.reason import Reason
from hie.errors import NotPermitted
from hie.exchange.operators import operator


def named(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("proposed", "approves"),
    [
        (named("alice"), named("alice")),
        (named("alice"), named("alice", "bob")),  # logged in as alice, became bob
        (named("alice", "bob"), named("bob")),
        (named("alice", "carol"), named("carol", "bob")),
        (named("alice"), named()),  # root or the hub's own account, without a login
        (named(), named("bob")),
        (named(), named()),
    ],
)
def test_the_same_person_or_nobody_known_is_refused(
    proposed: frozenset[str], approves: frozenset[str]
) -> None:
    with pytest.raises(NotPermitted) as caught:
        check_another(replace(operator(), names=approves), proposed)
    assert [fault.code for fault in caught.value.faults] == [Reason.OPERATOR]


@pytest.mark.parametrize(
    ("proposed", "approves"),
    [
        (named("alice"), named("bob")),
        (named("alice", "carol"), named("bob", "dave")),
    ],
)
def test_somebody_else_passes(proposed: frozenset[str], approves: frozenset[str]) -> None:
    check_another(replace(operator(), names=approves), proposed)
    check_known(replace(operator(), names=approves))
