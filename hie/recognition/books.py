"""Everything an assessment is answered from but the facts themselves: the books of one moment.

An order-check made today is answered from the books in force; explained years later, from the
books that were in force then; a change that is only considered, from books of its own.
"""

from dataclasses import dataclass

from hie.recognition.catalogue import Catalogue
from hie.recognition.check import ask
from hie.recognition.eligibility import Registers
from hie.recognition.policy import PolicyBook
from hie.recognition.question import Question
from hie.recognition.reasons import Reasons
from hie.recognition.request import CheckRequest
from hie.recognition.rulebook import Rulebook
from hie.recognition.texts import Texts


@dataclass(frozen=True, slots=True)
class Books:
    """The books that belong together: `registers` and `policy` are of one import."""

    catalogue: Catalogue
    registers: Registers
    policy: PolicyBook
    rulebook: Rulebook
    reasons: Reasons
    texts: Texts

    def question(self, request: CheckRequest) -> Question:
        """What a request asks of these books."""
        return ask(
            request,
            catalogue=self.catalogue,
            registers=self.registers,
            policy=self.policy,
            rulebook=self.rulebook,
        )
