"""Whether the times of a report can be true, compared with each other and with the message time.

No clock is read: "ahead" means later than MSH-7 by more than the profile allows. Times with only
a day are compared as days; equal is never later.
"""

from typing import Final

from adapters.hl7v2.group import Group
from adapters.hl7v2.reading import Reading
from adapters.hl7v2.times import Moment
from hie.adapter import Severity
from hie.records import LabReportRecord, Time

_OLDEST: Final = 130
_EXACT: Final = frozenset({"hour", "minute", "second"})


def check_times(reading: Reading, group: Group, record: LabReportRecord) -> None:
    """Issues of order between collection, arrival, analysis, release, message and birth."""
    taken = _taken(reading, group, record)
    received, issued = _of(reading, record.received), _of(reading, record.issued)
    for path, at in taken.items():
        _check_ahead(reading, at, path)
        if issued and _later(at, issued):
            reading.issue("result-before-collection", path)
        if received and _later(at, received):
            reading.issue("received-before-collection", path)
        _check_birth(reading, record, at, path)
    if received and record.received:
        _check_ahead(reading, received, record.received.path)
        if issued and _later(received, issued):
            reading.issue("issued-before-received", record.received.path)
    if issued and record.issued:
        _check_ahead(reading, issued, record.issued.path)
    seen: set[tuple[str, str]] = set()
    for analysed, taken_at in [(r.analysed, r.effective) for r in record.results if r.analysed]:
        if analysed is None or taken_at is None or (analysed.text, taken_at.text) in seen:
            continue
        seen.add((analysed.text, taken_at.text))
        if _later(reading.moments[taken_at.text], reading.moments[analysed.text]):
            reading.issue("result-before-collection", analysed.path)
    if None in [r.effective for r in record.results]:
        _missing(reading, group)


def _missing(reading: Reading, group: Group) -> None:
    """No collection time. If one was sent and is no date, the message waits for it."""
    for raw, path in group.key_dates.items():
        if reading.is_invalid(raw):
            reading.issue(
                "time-invalid", path, severity=Severity.HOLD, expected="a collection time"
            )
            return
    reading.issue("collection-missing", group.obr.row[7])


def _taken(reading: Reading, group: Group, record: LabReportRecord) -> dict[str, Moment]:
    """Each different collection time of the report once, by the path where it first stands."""
    found: dict[str, Moment] = {}
    for raw, path in group.key_dates.items():
        at = reading.moment(raw, path, quiet=True)
        if at is not None:
            found[path] = at
    if record.collected is not None and (at := _of(reading, record.collected)) is not None:
        found.setdefault(record.collected.path, at)
    return found


def _of(reading: Reading, time: Time | None) -> Moment | None:
    return reading.moments.get(time.text) if time is not None else None


def _check_ahead(reading: Reading, at: Moment, path: str) -> None:
    sent = reading.sent
    if sent is None:
        return
    slack = reading.profile.future_hours * 3600 + (0 if sent.precision in _EXACT else 86400)
    if at.order > sent.order + slack:
        reading.issue("time-ahead", path, expected="not after the message time")


def _check_birth(reading: Reading, record: LabReportRecord, at: Moment, path: str) -> None:
    birth = _of(reading, record.patient.birth_date)
    if birth is None or record.patient.birth_date is None:
        return
    where = record.patient.birth_date.path
    if _later(birth, at):
        reading.once("birth-after-collection", where)
    elif int(at.text[:4]) - int(birth.text[:4]) > _OLDEST:
        reading.once("age-impossible", where)


def _later(one: Moment, other: Moment) -> bool:
    """Whether `one` is later than `other`; as days if either has no time; months never are."""
    if one.precision in _EXACT and other.precision in _EXACT:
        return one.order > other.order
    if {one.precision, other.precision} & {"year", "month"}:
        return one.text[:4] > other.text[:4]
    return _day(one) > _day(other)


def _day(at: Moment) -> int:
    return int((at.order + 8 * 3600) // 86400)
