"""A report that arrives proves a visit and an order: who treats its patient, and until when.

They are those of the institution that asked for the report, else of the sender's. A report of the
wrong patient, or one that was cancelled, takes back what rested on it.
"""

from collections.abc import Iterable, Mapping, Sequence

from hie.access.windows import Window, of_order, of_visit
from hie.canonical.keys import Key, Report
from hie.exchange.message_work import Work, microseconds
from hie.exchange.relating import begun, stated_by, take_back
from hie.recognition.credit_code import is_credit_code
from hie.records import LabReportRecord
from hie.store import relations
from hie.store.relations import Fact
from hie.store.resources import current
from hie.store.session import Unit

_WITHDRAWN = frozenset({"entered-in-error", "cancelled"})


async def reported(unit: Unit, works: Sequence[Work], ids: Mapping[Key, str], now_us: int) -> None:
    """Keep what the stored reports of these messages prove; what is over is not kept."""
    facts: list[Fact] = []
    for work in works:
        sent_us = microseconds(work.decoded.sent)
        for report, keys in work.reports:
            home, order = ids[keys.patient], ids[keys.order]
            if report.status in _WITHDRAWN:
                await take_back(unit, home, keys.order.type, order, now_us)
                continue
            said_us = min(microseconds(_issued(report)) or sent_us or now_us, now_us)
            who = _asker(report) or work.site.institution
            source = f"{keys.order.type}/{order}"
            facts += [
                Fact(who, home, one.kind, one.from_us, one.until_us, source)
                for one in _windows(report, said_us)
            ]
    facts += await _visited(unit, works, ids, now_us)
    await relations.relate(unit, begun(facts, now_us))


async def _visited(
    unit: Unit, works: Sequence[Work], ids: Mapping[Key, str], now_us: int
) -> list[Fact]:
    """What the visits these messages tell of say now; what they said before closes."""
    refs = {("Encounter", ids[keys.encounter]) for work in works for _, keys in work.visits}
    facts: list[Fact] = []
    for one in (await current(unit, refs)).values() if refs else ():
        stated = begun(await stated_by(unit, one.resource(), one), now_us)
        await take_back(unit, one.home, one.type, one.id, now_us, stated)
        facts += stated
    return facts


def _windows(report: Report, said_us: int) -> Iterable[Window]:
    taken = report.collected if isinstance(report, LabReportRecord) else report.performed
    began = {} if taken is None else {"authoredOn": taken.text}
    status = {"status": report.order_status or "completed", "intent": "order"}
    visit = report.visit
    found = [of_order({**status, **began}, said_us, said_us)]
    if visit is not None:
        admitted, discharged = (
            None if one is None else one.text for one in (visit.admitted, visit.discharged)
        )
        found.append(of_visit(visit.class_code, admitted, discharged, said_us))
    return [one for one in found if one is not None]


def _issued(report: Report) -> str | None:
    return None if report.issued is None else report.issued.text


def _asker(report: Report) -> str | None:
    """The institution that asked for the report, where the message gives its code."""
    code = report.requested_by.code if report.requested_by is not None else None
    return code if code is not None and is_credit_code(code) else None
