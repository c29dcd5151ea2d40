"""A few thousand of the mutants that `python -m tests.security mutants` makes by the 100,000."""

from hie.access.reason import Reason
from tests.security.mutants import EXPLAINED, run


def test_no_spoiled_token_opens_the_door_and_two_readers_agree() -> None:
    tally = run(3_000, seed=20_261_126)
    assert tally.faults == []
    assert tally.cases == 3_005
    assert tally.malleated > 0
    assert {Reason.SIG, Reason.TYPE, Reason.KID, Reason.DUP, Reason.JSON} <= set(tally.refused)


def test_every_explained_difference_occurs() -> None:
    assert set(run(6_000, seed=3).differing) <= set(EXPLAINED)
