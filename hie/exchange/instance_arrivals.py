"""Instance messages on their way: what each says, what is wrong with it, which locks it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hie.adapter import Decoded, Issue, Severity, Site
from hie.exchange import link_study, sites
from hie.exchange.hub import Hub
from hie.exchange.identify import number_lock
from hie.exchange.imaging_profile import ImagingProfile, imaging_profile
from hie.exchange.noticed import noticed
from hie.exchange.write_study import numbers_of
from hie.records import InstanceRecord
from hie.store import instances, messages
from hie.store.instances import InstanceState, StoredInstance
from hie.store.messages import Message
from hie.store.session import Unit

Place = tuple[str, str]  # site, StudyInstanceUID


@dataclass(slots=True)
class Arrival:
    """One instance message on its way: what it says, what is wrong, where it will stand."""

    message: Message
    site: Site
    profile: ImagingProfile
    instance: StoredInstance
    decoded: Decoded
    record: InstanceRecord | None
    issues: list[Issue]
    state: InstanceState = InstanceState.HELD
    produced: list[tuple[str, str, int]] = field(default_factory=list)
    home: str | None = None
    study: str | None = None
    is_again: bool = False  # it stood before: somebody has it looked at once more

    @property
    def is_held(self) -> bool:
        """Whether it waits for a person."""
        return self.record is None or any(i.severity is Severity.HOLD for i in self.issues)

    @property
    def place(self) -> Place:
        """Its site and study."""
        return (self.site.id, "" if self.record is None else self.record.study.uid)


async def decoded(hub: Hub, unit: Unit, taken: Sequence[Message]) -> list[Arrival]:
    """What these instance messages say; nothing is decided yet."""
    if not taken:
        return []
    keys = [message.id for message in taken]
    heads = await messages.contents(unit, keys)
    rows = await instances.of_messages(unit, keys)
    known = await sites.all_sites(hub)
    found = []
    for message in taken:
        site = known[message.site].site
        read = hub.adapters[site.adapter].decode(heads[message.id], site)
        issues = [*noticed(message.meta), *read.issues]
        problem = str(message.meta.get("problem", ""))
        # What the head alone does not show: pixels that are not there, a bomb behind it.
        if problem and not any(issue.severity is Severity.HOLD for issue in issues):
            expected = hub.adapters[site.adapter].issue_codes.get(problem, "a whole file")
            issues.append(Issue("decode", problem, Severity.HOLD, "file", expected))
        record = next((one for one in read.records if isinstance(one, InstanceRecord)), None)
        if record is None and not any(issue.severity is Severity.HOLD for issue in issues):
            expected = "one DICOM instance"
            issues.append(Issue("decode", "nothing-to-store", Severity.HOLD, "file", expected))
        found.append(
            Arrival(message, site, imaging_profile(site), rows[message.id], read, record, issues)
        )
    return found


def locks(arrivals: Iterable[Arrival]) -> list[str]:
    """The locks these arrivals need: their studies', and their patients' numbers'."""
    names: set[str] = set()
    for one in arrivals:
        if one.record is not None:
            names |= study_locks(one.site, [one.record])
    return sorted(names)


def study_locks(site: Site, records: Sequence[InstanceRecord]) -> set[str]:
    """The locks of one study's instances: the study's, its numbers', its patient's numbers'."""
    names = set(link_study.lock_names(site.institution, numbers_of(records)))
    for record in records:
        names.add(f"study:{site.id}:{record.study.uid}")
        numbers = record.patient.identifiers
        names |= {number_lock(one.type, one.value) for one in numbers if one.type}
    return names
