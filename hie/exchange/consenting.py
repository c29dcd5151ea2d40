"""A Consent that is written is held to from the end of its unit on, or refused for what is not.

IHE PCF: whoever captures a Consent assures that it can be enforced. What the hub does not evaluate
is therefore named to the writer, not kept for show.
"""

from collections.abc import Iterable, Sequence

from hie.consent.compiling import compile_all
from hie.consent.merging import MOST
from hie.consent.minors import Ages, check_signed
from hie.consent.naming import pointed
from hie.consent.provision import Directive
from hie.consent.reading import read
from hie.consent.terms import terms_in_force
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.writing import Writing
from hie.fhir import Resource
from hie.store import consents
from hie.store.served import Stored

TOO_MANY = "too-many-rules"
_AHEAD_US = 10 * 60 * 1_000_000  # clocks differ; a Consent of next year would outlast every other


async def consented(writing: Writing, written: Sequence[tuple[Resource, Stored]]) -> None:
    """What follows from new versions of Consents: each can be held to, and now is.

    Raises UnprocessableRequest naming what a Consent says that is not evaluated here, and where
    there would be more rules than a patient may have.
    """
    changed = [(tree, one) for tree, one in written if one.type == "Consent"]
    given: list[tuple[Stored, Directive, Ages]] = []
    for tree, one in changed:
        if consents.is_standing(tree):
            directive, ages = await _read(writing, tree, one)
            faults = _faults(writing, directive, ages)
            if faults:
                raise _refused(*faults)
            given.append((one, directive, ages))
    denied = await withdrawn(writing, (one.home for _, one in changed))
    for one, directive, ages in given:
        if one.home in denied:
            raise _refused(_too_many(directive, ages))


async def withdrawn(writing: Writing, homes: Iterable[str]) -> set[str]:
    """Hold to what stands now of the Consents of these homes; those with too many rules for it."""
    changed = sorted(set(homes))
    return await consents.recompile(writing.unit, changed) if changed else set()


def _refused(*faults: Fault) -> UnprocessableRequest:
    return UnprocessableRequest("this Consent cannot be held to", faults)


async def _read(writing: Writing, tree: Resource, one: Stored) -> tuple[Directive, Ages]:
    known = await consents.known_to(writing.unit, [tree])
    family = await consents.family_of(writing.unit, one.home)
    pointing = await consents.pointing_in(writing.unit, family, pointed(tree))
    directive = read({**tree, "id": one.id}, known, writing.now_us, pointing)
    return directive, await consents.ages_in(writing.unit, family)


def _faults(writing: Writing, directive: Directive, ages: Ages) -> list[Fault]:
    faults, level = list(directive.faults), terms_in_force().level
    if directive.level > level:
        expected = f"what the option {level.name.lower()} evaluates"
        faults.append(Fault("Consent.provision", "level", expected))
    if directive.at_us > writing.now_us + _AHEAD_US:
        faults.append(Fault("Consent.dateTime", "in-future", "when it was given"))
    return faults + check_signed(directive, ages)


def _too_many(directive: Directive, ages: Ages) -> Fault:
    """Whether it is this Consent alone that makes too many rules, or all of the patient's."""
    most = f"at most {MOST} rules, fewer where they overlap"
    if compile_all([directive], terms_in_force(), ages).is_whole:
        return Fault("Consent.patient", TOO_MANY, f"{most}, of all active Consents together")
    return Fault("Consent.provision", TOO_MANY, most)
