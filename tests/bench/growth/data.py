"""Reports of invented people as the hub stores them: every reference another, every text its own.

The probes come in every size alike: 40 patients of 8 reports with the catalogue's 27 tests each,
strewn evenly among the others, as they would have come in over the years.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hie.fhir import CANONICAL, Resource
from hie.store.identifiers import PatientIdentifier
from hie.store.resources import Put
from tests.bench.growth.codes import catalogue_tests, other_tests, panels
from tests.builders import RESIDENT_ID, Test, a_patient, a_report, an_observation

PROBES, REPORTS = 40, 8  # patients, and reports of each
RESULTS = 30  # of any other report
OF_ONE_PATIENT = 100  # results, on average
_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TABLE = bytes(_ALPHABET[byte % 62] for byte in range(256))
_CHINA = timezone(timedelta(hours=8))
_FIRST = datetime(2022, 1, 1, tzinfo=_CHINA)
_DAYS = 1700
_WORDS = (
    "标本", "轻度", "溶血", "脂血", "黄疸", "已复查", "建议", "结合", "临床", "请", "三日后", "空腹", "重新", "采样",
    "结果", "偏高", "与", "既往", "相符", "仪器", "报警", "手工", "镜检", "可见", "少量", "异形", "红细胞", "血小板",
    "聚集", "稀释", "后", "测定", "危急值", "已", "电话", "通知", "病区", "护士", "复述", "无误",
)  # fmt: skip
_METHODS = (
    "速率法",
    "酶法",
    "化学发光法",
    "散射比浊法",
    "电极法",
    "比色法",
    "流式细胞术",
    "PCR荧光法",
)


@dataclass(slots=True)
class Filed:
    """What goes into the database together: versions, and numbers of the patients new among them."""

    puts: list[Put] = field(default_factory=list)
    patients: dict[str, list[PatientIdentifier]] = field(default_factory=dict)
    results: int = 0


class Source:
    """A seeded source of reports; equal seeds give equal reports."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - data to measure with
        self.known = catalogue_tests()
        self.panels = panels(self.known, other_tests())

    def id(self) -> str:
        """An id like the hub's own."""
        return self.dice.randbytes(16).translate(_TABLE).decode("ascii")

    def words(self, most: int) -> str:
        """A remark of some words."""
        return "".join(self.dice.choices(_WORDS, k=self.dice.randint(3, most)))

    def patient(self, filed: Filed, home: str, number: int) -> None:
        """One patient, found by a number of the site and one of their own."""
        site = f"lis-{self.dice.randint(1, 40)}"
        numbers = {
            f"{CANONICAL}/sid/site/{site}/patient": (f"P{number:09}", "site"),
            RESIDENT_ID: (f"990000{number:011}X", "resident-id"),
        }
        tree = a_patient(
            home,
            site,
            identifier=[{"system": s, "value": value} for s, (value, _) in numbers.items()],
            name=[{"text": self.words(3)[:4]}],
            managingOrganization={"reference": f"Organization/{self.id()}"},
        )
        filed.puts.append(Put("Patient", home, home, tree, self.id()))
        filed.patients[home] = [
            PatientIdentifier(system, value, kind, usable=True)
            for system, (value, kind) in numbers.items()
        ]

    def report(self, filed: Filed, home: str, tests: "list[Test] | tuple[Test, ...]") -> None:
        """One report with its order, specimen, results and provenance."""
        dice, message = self.dice, self.id()
        taken = _FIRST + timedelta(days=dice.randrange(_DAYS), minutes=dice.randint(360, 700))
        issued = (taken + timedelta(seconds=dice.randint(3600, 20000))).isoformat()
        effective, filler = taken.isoformat(), f"{dice.choice('FSLX')}{dice.randrange(10**12):012}"
        site, report = f"lis-{dice.randint(1, 40)}", self.id()
        refs = {kind: self.id() for kind in ("ServiceRequest", "Organization", "Specimen")}
        made = []
        for test in tests:
            key = self.id()
            tree = self._result(key, home, test, effective, issued, site, filler, refs)
            filed.puts.append(Put("Observation", home, key, tree, message, report))
            made.append(key)
        listed = a_report(report, home, results=tuple(made), effective=effective, filler=filler)
        listed["conclusion"] = self.words(20)
        filed.puts.append(Put("DiagnosticReport", home, report, listed, message))
        for tree in _beside(home, refs, site, filler, effective, self.id(), made, report):
            filed.puts.append(Put(tree["resourceType"], home, tree["id"], tree, message))
        filed.results += len(made)

    def _result(self, key: str, home: str, test: Test, *rest: Any) -> Resource:
        dice = self.dice
        effective, issued, site, filler, refs = rest
        low, high = float(test.low), float(test.high)
        value = f"{dice.uniform(low * 0.7, high * 1.3):.{test.decimals}f}"
        tree = an_observation(
            key, home, test=test, value=value, effective=effective, issued=issued, site=site,
            filler=filler, refs=refs,
        )  # fmt: skip
        chance = dice.random()
        if chance < 0.3:
            tree["performer"].append({"reference": f"Practitioner/{self.id()}"})
        if 0.2 < chance < 0.5:
            tree["device"] = {"reference": f"Device/{self.id()}"}
        if 0.4 < chance < 0.6:
            tree["method"] = {"text": dice.choice(_METHODS)}
        if chance > 0.92:
            tree["note"] = [{"text": self.words(14)}]
        return tree


def _beside(
    home: str, refs: dict[str, str], site: str, filler: str, at: str, origin: str,
    results: list[str], report: str,
) -> Iterator[Resource]:  # fmt: skip
    subject, sid = {"reference": f"Patient/{home}"}, f"{CANONICAL}/sid/site/{site}"
    yield {
        "resourceType": "Specimen", "id": refs["Specimen"], "subject": subject,
        "identifier": [{"system": f"{sid}/specimen", "value": f"S{filler}"}],
        "type": {"text": "血清"}, "collection": {"collectedDateTime": at},
    }  # fmt: skip
    yield {
        "resourceType": "ServiceRequest", "id": refs["ServiceRequest"], "subject": subject,
        "identifier": [{"system": f"{sid}/placer", "value": f"O{filler}"}], "status": "completed",
        "intent": "order", "code": {"text": "检验套餐"}, "authoredOn": at,
    }  # fmt: skip
    targets = [f"Observation/{one}" for one in results] + [f"DiagnosticReport/{report}"]
    yield {
        "resourceType": "Provenance", "id": origin,
        "target": [{"reference": one} for one in targets], "recorded": at,
        "agent": [{"who": {"reference": f"Organization/{refs['Organization']}"}}],
    }  # fmt: skip


def probe_homes() -> list[str]:
    """The probes' ids, the same in every size."""
    source = Source(99)
    return [source.id() for _ in range(PROBES)]


def filed(size: int, seed: int, together: int = 100) -> Iterator[Filed]:
    """Reports until there are `size` results, so many reports at a time, the probes strewn in."""
    source, probes = Source(seed), Source(99)
    homes = [probes.id() for _ in range(PROBES)]
    waiting = [home for _ in range(REPORTS) for home in homes]
    mine = len(waiting) * len(probes.known)
    others = max((size - mine) // RESULTS, 1)
    people: list[str] = []
    wanted = max(size // OF_ONE_PATIENT, 1)
    batch = Filed()
    due = 0
    for number in range(others):
        if len(people) * others < wanted * (number + 1):
            people.append(source.id())
            source.patient(batch, people[-1], len(people))
        source.report(batch, source.dice.choice(people), source.dice.choice(source.panels))
        while due < len(waiting) and due * others <= number * len(waiting):
            if due < PROBES:
                probes.patient(batch, waiting[due], 10**9 - 1 - due)
            probes.report(batch, waiting[due], probes.known)
            due += 1
        if number % together == together - 1:
            yield batch
            batch = Filed()
    if batch.puts:
        yield batch


def newest_probed() -> datetime:
    """A day that all probes' reports lie before."""
    return (_FIRST + timedelta(days=_DAYS)).astimezone(UTC)
