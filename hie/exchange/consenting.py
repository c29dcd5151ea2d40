"""A Consent that is written is held to from the end of its unit on, or refused for what is not.

IHE PCF: whoever captures a Consent assures that it can be enforced. What the hub does not evaluate
is therefore named to the writer, not kept for show.
"""

from collections.abc import Iterable, Sequence

from hie.consent.compiling import compile_all
from hie.consent.merging import MOST
from hie.consent.minors import check_signed
from hie.consent.naming import pointed
from hie.consent.provision import Level
from hie.consent.reading import read
from hie.consent.terms import terms_in_force
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.writing import Writing
from hie.fhir import Resource
from hie.store import consents
from hie.store.served import Stored

_AHEAD_US = 10 * 60 * 1_000_000  # clocks differ; a Consent of next year would outlast every other


async def consented(writing: Writing, written: Sequence[tuple[Resource, Stored]]) -> None:
    """What follows from new versions of Consents: each can be held to, and now is.

    Raises UnprocessableRequest naming what a Consent says that is not evaluated here.
    """
    found = [(tree, one) for tree, one in written if one.type == "Consent"]
    for tree, one in found:
        faults = await _faults(writing, tree, one)
        if faults:
            raise UnprocessableRequest("this Consent cannot be held to", tuple(faults))
    await withdrawn(writing, (one.home for _, one in found))


async def withdrawn(writing: Writing, homes: Iterable[str]) -> None:
    """Hold to what stands now of the Consents of these homes."""
    changed = sorted(set(homes))
    if changed:
        await consents.recompile(writing.unit, changed)


async def _faults(writing: Writing, tree: Resource, one: Stored) -> list[Fault]:
    if tree.get("status") != "active":
        return []
    terms = terms_in_force()
    known = await consents.known_to(writing.unit, [tree])
    family = await consents.family_of(writing.unit, one.home)
    pointing = await consents.pointing_in(writing.unit, family, pointed(tree))
    directive = read({**tree, "id": one.id}, known, writing.now_us, pointing)
    faults = list(directive.faults)
    if directive.level > terms.level:
        expected = f"what the option {terms.level.name.lower()} evaluates"
        faults.append(Fault("Consent.provision", "level", expected))
    if directive.at_us > writing.now_us + _AHEAD_US:
        faults.append(Fault("Consent.dateTime", "in-future", "when it was given"))
    ages = await consents.ages_in(writing.unit, family)
    faults += check_signed(directive, ages)
    if terms.level > Level.IMPLICIT and len(compile_all([directive], terms, ages)) >= MOST:
        faults.append(Fault("Consent.provision", "too-many", f"fewer than {MOST} rules"))
    return faults
