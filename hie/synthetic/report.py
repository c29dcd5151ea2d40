"""One report as a laboratory holds it before its system writes a message: values, nothing else."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from hie.recognition.catalogue import Catalogue
from hie.synthetic.biology import classes, interval, numbers
from hie.synthetic.dice import dice
from hie.synthetic.institutions import SHANGHAI, Institution, Sender
from hie.synthetic.panels import IFCC_OFFSET, IFCC_SLOPE, Assay, Panel
from hie.synthetic.people import Person

DEPARTMENTS: Final = ("心内科", "内分泌科", "肾内科", "消化内科", "全科医学科", "急诊科")


@dataclass(frozen=True, slots=True)
class Line:
    """One result. `unit` is UCUM or as this line prints it; `flag` N, H, L, HH, LL or ""."""

    test: Assay
    value: str
    unit: str
    low: str
    high: str
    flag: str
    status: str = "F"
    method: str = ""
    notes: tuple[str, ...] = ()
    control: str = ""
    code: tuple[str, str] | None = None  # instead of the test's own code and name

    def printed(self, dash: str) -> str:
        """The interval as it stands on the report."""
        if self.low and self.high:
            return f"{self.low}{dash}{self.high}"
        if self.test.is_coded:
            return self.high
        return f"<{self.high}" if self.high else f">{self.low}" if self.low else ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the report says it is about: what this site typed, right or wrong."""

    number: str
    name: str
    sex: str
    born: str  # YYYYMMDD
    resident_id: str
    phone: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one panel."""

    sender: Sender
    identity: Identity
    panel: Panel
    lines: tuple[Line, ...]
    placer: str
    filler: str
    visit: str
    kind: str  # HL7 table 0004
    department: str
    collected: datetime | None
    received: datetime
    issued: datetime
    status: str
    reviewer: str
    performer: str
    notes: tuple[str, ...] = ()
    laboratory: Institution | None = None  # who did the test, when it was sent out

    def changed(self, *keys: str, **facts: str) -> "Report":
        """The same report with these facts of the named lines changed (of all, without keys)."""
        lines = tuple(
            replace(line, **facts) if not keys or line.test.key in keys else line  # type: ignore[arg-type]
            for line in self.lines
        )
        return replace(self, lines=lines)


def identity_of(person: Person, sender: Sender) -> Identity:
    """The person as a site knows them."""
    usual = sender.site == person.sites[0]
    return Identity(
        person.number(sender.prefix),
        person.name if usual or not person.elsewhere else person.elsewhere,
        person.sex,
        f"{person.born:%Y%m%d}",
        person.resident_id,
        person.phone,
    )


def make_report(
    seed: int, person: Person, sender: Sender, panel: Panel, day: date, catalogue: Catalogue
) -> Report:
    """A usual report of that day: taken in the morning, received, done, reviewed, released."""
    fate = dice(seed, "report", person.index, sender.site, panel.code, day)
    morning = datetime(day.year, day.month, day.day, 7, tzinfo=SHANGHAI)
    collected = morning + timedelta(minutes=fate.randint(0, 200), seconds=fate.randint(0, 59))
    received = collected + timedelta(minutes=fate.randint(20, 55), seconds=fate.randint(0, 59))
    issued = received + timedelta(minutes=fate.randint(60, 240), seconds=fate.randint(0, 59))
    serial = f"{day:%y%m%d}{person.index:05}{panel.number[0]}{panel.number[-1]}"
    kind = fate.choices("OIE", (80, 15, 5))[0]
    return Report(
        sender,
        identity_of(person, sender),
        panel,
        tuple(_lines(seed, person, sender, panel, day, catalogue)),
        f"O{serial}",
        f"{sender.prefix}{serial}",
        f"V{day:%y%m%d}{person.index:05}",
        kind,
        fate.choice(DEPARTMENTS[:-1]) if kind != "E" else DEPARTMENTS[-1],
        collected,
        received,
        issued,
        "F",
        fate.choice(sender.reviewers),
        fate.choice(sender.performers),
    )


def _lines(
    seed: int, person: Person, sender: Sender, panel: Panel, day: date, catalogue: Catalogue
) -> list[Line]:
    keys = tuple(test.key for test in panel.tests)
    values = numbers(seed, person, keys, day, catalogue)
    found = []
    for test in panel.tests:
        if test.is_coded:
            word = classes(seed, person)[test.key]
            found.append(Line(test, word, "", "", "阴性", "", method=test.method))
            continue
        low, high = interval(test, person, day, catalogue.items.get(test.key))
        value, unit = values[test.key], test.unit
        flag = "L" if low and float(value) < float(low) else "N"
        flag = "H" if high and float(value) > float(high) else flag
        if test.key == "HBA1C" and sender.site == "tj-lis":
            value = ((value - IFCC_OFFSET) / IFCC_SLOPE).quantize(value.to_integral_value())
            low, high, unit = "20", "42", "mmol/mol"
        found.append(Line(test, str(value), unit, low, high, flag, method=test.method))
    return found
