"""Reports become messages: numbered, stamped, and written by the system that sends them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hie.synthetic.dialect_oru import write_oru
from hie.synthetic.dialect_oul import write_oul
from hie.synthetic.report import Report

_CODECS: Final = {"gbk": "gb18030"}  # its superset: names outside GBK reach the wire


@dataclass(frozen=True, slots=True)
class Message:
    """One file: where it lies in its site's folder, and its bytes."""

    site: str
    name: str
    content: bytes


def written(report: Report, control_id: str, sent: datetime | None = None) -> bytes:
    """The bytes a site sends for a report; a minute after the release unless told otherwise."""
    at = sent or report.issued + timedelta(minutes=1)
    write = write_oru if report.sender.dialect == "oru" else write_oul
    charset = report.sender.charset
    return write(report, control_id, at).encode(_CODECS.get(charset, charset))


def numbered(reports: list[Report]) -> list[tuple[Message, Report]]:
    """Messages of all reports in the order of their release, numbered by each site from one.

    Two systems of dialect B count alike, so their message numbers are the same: a number is only
    a site's own.
    """
    counts: dict[str, int] = {}
    found = []
    for report in sorted(reports, key=lambda one: (one.issued, one.filler, one.status)):
        site = report.sender.site
        counts[site] = counts.get(site, 0) + 1
        control_id = f"{counts[site]:08}"
        if report.sender.dialect == "oru":
            control_id = f"{report.sender.prefix}{report.issued:%Y%m%d}{counts[site]:06}"
        name = f"{report.issued:%Y%m%d-%H%M%S}-{report.filler}-{report.status}.hl7"
        found.append((Message(site, name, written(report, control_id)), report))
    return found
