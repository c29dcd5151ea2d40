"""The region's policy where no Consent of the patient speaks (IHE PCF, Implicit option)."""

from enum import StrEnum
from functools import cache

_TREATING = frozenset({"TREAT", "ETREAT", "BTG"})


class Implicit(StrEnum):
    """One of the four overarching policies of PCF; a deployment picks one."""

    BASIC_NORMAL = "basic-normal"  # for treatment
    ALL_NORMAL = "all-normal"  # for every purpose somebody is let in for
    BREAK_GLASS_ONLY = "break-glass-only"
    DENY = "deny"


@cache
def permits(policy: Implicit, purpose: str) -> bool:
    """Whether records may be seen for this purpose (v3-ActReason) without a Consent."""
    match policy:
        case Implicit.BASIC_NORMAL:
            return purpose in _TREATING
        case Implicit.ALL_NORMAL:
            return True
        case Implicit.BREAK_GLASS_ONLY:
            return purpose == "BTG"
        case Implicit.DENY:
            return False


class _Chosen:
    """The policy of this process, set once when it starts."""

    policy = Implicit.BASIC_NORMAL


def use_policy(policy: Implicit) -> None:
    """Let this process hold to a policy."""
    _Chosen.policy = policy


def policy_in_force() -> Implicit:
    """The policy this process holds to."""
    return _Chosen.policy
