"""Messages in any number, for measuring: distinct patients and reports, thousands a second.

They are dialect A, as Beijing sends it, with results of all panels under their LOINC codes. Only
the numbers in a message that was rendered once are changed, so making them costs next to nothing.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from hie.recognition.catalogue import load_catalogue
from hie.synthetic.dice import dice
from hie.synthetic.institutions import BY_SITE, SHANGHAI
from hie.synthetic.messages import written
from hie.synthetic.panels import BLOOD_COUNT, CHEMISTRY, GLYCATED, SEROLOGY, Panel
from hie.synthetic.people import make_person, resident_number
from hie.synthetic.report import Report, make_report

SITE: Final = "bj-lis"
_DAY: Final = date(2026, 6, 12)


def sample_oru(results: int = 30, *, seed: int = 1, day: date = _DAY) -> bytes:
    """One ORU^R01 with so many OBX (30 are all this laboratory can do; more come again)."""
    return written(_report(results, seed, day), f"BJ{day:%Y%m%d}{seed:06}")


def many(
    count: int, *, results: int = 30, seed: int = 1, day: date = _DAY
) -> Iterator[tuple[str, bytes]]:
    """Distinct messages, (file name, bytes): each its own patient, report and message number."""
    report = _report(results, seed, day)
    who = report.identity
    text = written(report, "BJCONTROL0").decode()
    parts = {
        "BJCONTROL0": "{control}",
        who.number: "{number}",
        who.resident_id: "{resident}",
        report.filler: "{filler}",
        report.placer: "{placer}",
        report.visit: "{visit}",
    }
    text = text.replace("{", "{{").replace("}", "}}")
    for old, field in parts.items():
        text = text.replace(old, field)
    born = datetime(1930, 1, 1, tzinfo=SHANGHAI).date()
    for index in range(count):
        sex = 1 if who.sex == "male" else 0
        birth = born + timedelta(days=(index * 7919) % 30000)
        order = ((index // 30000) * 2 + sex) % 1000
        serial = f"{seed % 1000:03}{index:08}"
        filled = text.format(
            control=f"BJL{serial}",
            number=f"L{serial}",
            resident=resident_number("110199", birth, order),
            filler=f"BJL{serial}",
            placer=f"OL{serial}",
            visit=f"VL{serial}",
        ).replace(f"|{who.born}|", f"|{birth:%Y%m%d}|", 1)
        yield f"load-{serial}.hl7", filled.encode()


def _report(results: int, seed: int, day: date) -> Report:
    tests = [t for p in (CHEMISTRY, BLOOD_COUNT, GLYCATED, SEROLOGY) for t in p.tests]
    while len(tests) < results:
        tests += tests
    chosen = tuple(tests[:results])
    panel = Panel("TJTC", "9001", "体检套餐", "SER", chosen)
    person = make_person(seed, day, 1000 + dice(seed, "load").randint(0, 8999))
    return make_report(seed, person, BY_SITE[SITE], panel, day, load_catalogue())
