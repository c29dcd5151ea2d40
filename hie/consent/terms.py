"""What a deployment has chosen about Consents: what is evaluated, what an emergency presumes."""

from dataclasses import dataclass

from hie.consent.provision import Level

# Raised when the same Consents come to other rules than before: a start then makes all anew.
_READING = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """`level`: the option of PCF that is evaluated.

    `presumed`: a denial holds for who breaks the glass only where it says so.
    """

    level: Level = Level.ADVANCED
    presumed: bool = True

    @property
    def text(self) -> str:
        """As one word: what rules were made by."""
        return f"{self.level.name.lower()}{'+presumed' if self.presumed else ''}+{_READING}"


class _Chosen:
    """The terms of this process, set once when it starts."""

    terms = Terms()


def use_terms(terms: Terms) -> None:
    """Let this process make rules by these terms."""
    _Chosen.terms = terms


def terms_in_force() -> Terms:
    """The terms this process makes rules by."""
    return _Chosen.terms
