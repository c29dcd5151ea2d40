"""Would this resource be taken? R4, the second checker, profiles, and a rehearsal of the write.

FHIR R4 resource-operation-validate.html. A rehearsal does what the write would do, in a unit of
work that is always rolled back: it is refused for the same reasons, and leaves nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.errors import Fault, HubError, InvalidRequest, NotSupported, ResourceNotFound, TooCostly
from hie.exchange import write_resource
from hie.exchange.hub import Hub
from hie.exchange.writing import Writing, in_one_unit
from hie.fhir import Resource
from hie.fhir.conforms import Known, check_profile
from hie.fhir.outcome import outcome_of
from hie.fhir.profile import check, types
from hie.fhir.profile_tree import R4, Node, Profile, read_profile
from hie.fhir.shipped_profiles import shipped_profiles
from hie.fhir.structure import check as check_structure
from hie.store.definitions import find_definition
from hie.store.session import Reader
from hie.store.value_sets import expansion_of
from hie.terminology.expansion import Expansion

MODES = {
    "create": Interaction.CREATE,
    "update": Interaction.UPDATE,
    "delete": Interaction.DELETE,
    "profile": Interaction.READ,
}
_MOST_PROFILES = 100


@dataclass(slots=True)
class Verdict:
    """What was found: what refuses, what only another opinion says, what nobody could check."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


async def judge(
    reader: Reader, tree: Resource, asked: Sequence[str], sight: Restriction
) -> Verdict:
    """R4, the profiles that are asked about and those the resource claims (meta.profile).

    Raises InvalidRequest for a profile that is asked about and not known here.
    """
    verdict = Verdict(check(tree))
    wanted = [(url, True) for url in asked]
    wanted += [(url, False) for url in _claimed(tree) if url not in asked]
    for url, is_asked in wanted:
        profile = await _find(reader, url, sight)
        if profile is None and is_asked:
            known = ", ".join(sorted(shipped_profiles()))
            fault = Fault("profile", "unknown-profile", f"{known}, or one that was written here")
            raise InvalidRequest(f"no profile {url[:200]}", (fault,))
        if profile is None:
            words = f"a known profile: {url[:200]} was not checked"
            verdict.warnings.append(Fault("meta.profile", "unknown-profile", words))
        elif not verdict.faults:
            await _conforms(reader, tree, profile, sight, verdict)
    if not verdict.faults:
        verdict.warnings += check_structure(tree)
    return verdict


async def rehearse(
    hub: Hub, actor: Actor, mode: str, kind: str, key: str | None, tree: Resource | None
) -> list[dict[str, Any]]:
    """What refuses the write itself, as issues: rights, identifiers, references, what is left.

    Nothing is kept of it.
    """

    async def step(writing: Writing) -> None:
        if mode == "delete":
            if key is None or await write_resource.delete(writing, kind, key) is None:
                raise ResourceNotFound(f"no {kind} to delete")
        elif tree is not None and mode == "update":
            await write_resource.update(writing, kind, key or str(tree.get("id", "")), tree)
        elif tree is not None:
            await write_resource.create(writing, tree)
        raise _Rehearsed

    try:
        sight = permit_type(actor, kind, MODES[mode])
        await in_one_unit(hub, actor, sight, step)
    except _Rehearsed:
        return []
    except HubError as error:
        found: list[dict[str, Any]] = outcome_of(error)["issue"]
        return found
    return []


class _Rehearsed(Exception):
    """The write would have been taken; raised so that it is not."""


def _claimed(tree: Resource) -> list[str]:
    meta = tree.get("meta")
    listed = meta.get("profile", ()) if isinstance(meta, dict) else ()
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


async def _find(reader: Reader, url: str, sight: Restriction) -> Profile | None:
    """A profile by `url` or `url|version`: shipped, R4's own, or written here."""
    bare, _, version = url.partition("|")
    shipped = shipped_profiles().get(bare)
    if shipped is not None:
        return shipped if version in ("", shipped.version) else None
    if bare.startswith(R4) and bare.removeprefix(R4) in types():
        kind = bare.removeprefix(R4)
        return Profile(bare, kind, None, Node(kind))
    found = await find_definition(reader, "StructureDefinition", url, sight)
    return None if found is None else read_profile(found)


async def _conforms(
    reader: Reader, tree: Resource, profile: Profile, sight: Restriction, verdict: Verdict
) -> None:
    profiles = await _with_others(reader, profile, sight)
    sets: dict[str, Expansion | None] = {}
    for url in sorted({url for one in profiles.values() for url in _bindings(one)}):
        sets[url] = await _expansion(reader, url, sight)

    def member(url: str, system: str | None, code: str) -> bool | None:
        held = sets.get(url)
        return None if held is None else held.has(system, code)

    found = check_profile(tree, profile, Known(member, profiles))
    verdict.faults += found.faults
    verdict.notes += [Fault(path, "not-checked", words) for path, words in found.notes]


async def _with_others(
    reader: Reader, profile: Profile, sight: Restriction
) -> Mapping[str, Profile]:
    """A profile with all it leads to, as far as that is known."""
    found = {profile.url: profile}
    waiting = sorted(profile.named())
    while waiting and len(found) < _MOST_PROFILES:
        url = waiting.pop()
        if url in found:
            continue
        other = await _find(reader, url, sight)
        if other is not None:
            found[url] = other
            waiting += sorted(other.named())
    return found


def _bindings(profile: Profile) -> Iterable[str]:
    waiting = [profile.root]
    for node in waiting:  # grows while it is read
        waiting += [*node.children.values(), *node.slices.values()]
        if node.binding is not None and node.binding[0] == "required":
            yield node.binding[1]


async def _expansion(reader: Reader, url: str, sight: Restriction) -> Expansion | None:
    try:
        return await expansion_of(reader, url, sight)
    except (ResourceNotFound, NotSupported, TooCostly):
        return None  # the check says that it could not be asked
