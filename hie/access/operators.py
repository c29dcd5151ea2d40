"""Two operators are two people where no name of the one is a name of the other.

The names are those the kernel gives the process that asks: of the account it runs under, and of
the account that was logged in by when its session began, which `sudo` and `su` leave as it is. The
hub's own account and root are nobody's: several people use them.
"""

from hie.access.actor import Actor
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted

_KNOWN = "an operator who logged in by an account of their own"


def check_known(actor: Actor) -> None:
    """Whether it can be told who this is; raises NotPermitted where it cannot."""
    if not actor.names:
        raise _refused("the machine cannot tell who you are", _KNOWN)


def check_another(actor: Actor, names: frozenset[str]) -> None:
    """Whether this is somebody else than who has these names; raises NotPermitted."""
    check_known(actor)
    if not names or actor.names & names:
        raise _refused("this takes another operator", "another person than who proposed it")


def _refused(text: str, expected: str) -> NotPermitted:
    return NotPermitted(text, (Fault("operator", Reason.OPERATOR, expected),))
