"""The region's registers as an office would keep them: CSV as Excel writes it, and one YAML.

Most rows are in order; the exceptions are the ones that rules speak of, each named where it is
made. All days are counted from the day the region is made for.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from hie.recognition.catalogue import Catalogue
from hie.synthetic.dice import dice
from hie.synthetic.institutions import (
    BEIJING,
    CHAOYANG,
    GAOYI,
    HOSPITALS,
    JINAN,
    SENDOUT,
    SHIJIAZHUANG,
    TIANJIN,
    Institution,
)

Rows = Iterator[tuple[object, ...]]

NATIONAL: Final = "国家卫生健康委临床检验中心"
PROVINCIAL: Final = "河北省临床检验中心"
IMAGES: Final = "放射影像质量控制中心"
_WITH_IMAGES: Final = (BEIJING, TIANJIN, SHIJIAZHUANG, JINAN)
_START: Final = timedelta(days=1000)
# Marks that differ from the 京津冀HR of most items.
_MARKS: Final = {
    (BEIJING, "全国HR"): ("K", "NA", "GLU", "WBC", "HGB"),
    (BEIJING, "北京市HR"): ("TG",),
    (BEIJING, "北京市西城区HR"): ("CK",),
    (TIANJIN, "天津市HR"): ("UA", "P"),
    (TIANJIN, "★"): ("UREA",),
    (SHIJIAZHUANG, "河北HR"): ("TP", "ALB"),
    (SHIJIAZHUANG, "冀内互认"): ("LDH",),  # no range anybody can read
    (GAOYI, "石家庄市HR"): ("K", "NA", "CL", "GLU", "WBC", "HGB", "PLT"),
    (GAOYI, "滹沱示例医共体HR"): ("CRE", "UREA"),
}
_UNMARKED: Final = {(GAOYI, item) for item in ("ALT", "AST", "GGT", "LDH", "CK", "HBA1C")}


def make_registers(seed: int, today: date, catalogue: Catalogue) -> dict[str, bytes]:
    """File name to content: the five registers of one import."""
    listed = catalogue.listed("all", today)
    items = tuple(key for key in catalogue.items if key in listed)
    classes = tuple(catalogue.classes)
    return {
        "institutions.csv": _csv(
            ("code", "name", "region", "level", "kind", "consortium", "status", "from", "to"),
            _institutions(today),
        ),
        "qualifications.csv": _csv(
            ("institution", "item", "scheme", "round", "from", "to", "score", "acceptable"),
            (*_qualifications(seed, today, items), *_image_quality(today, classes)),
        ),
        "precision.csv": _csv(
            ("institution", "item", "month", "cv_percent"), _precision(seed, today, catalogue)
        ),
        "marks.csv": _csv(
            ("institution", "item", "mark", "from", "to"),
            (*_marks(today, items), *_image_marks(today, classes)),
        ),
        "policies.yaml": _policies(today).encode(),
    }


def _institutions(today: date) -> Rows:
    start = today - _START
    for one in (BEIJING, TIANJIN, SHIJIAZHUANG, CHAOYANG, JINAN):
        yield (*_described(one), "active", start, "")
    # Gaoyi was suspended for six weeks in spring, and is active again.
    off, on = today - timedelta(days=130), today - timedelta(days=90)
    yield (*_described(GAOYI), "active", start, off - timedelta(days=1))
    yield (*_described(GAOYI), "suspended", off, on - timedelta(days=1))
    yield (*_described(GAOYI), "active", on, "")
    stopped = today - timedelta(days=20)
    yield (*_described(SENDOUT), "active", start, stopped - timedelta(days=1))
    yield (*_described(SENDOUT), "suspended", stopped, "")


def _described(one: Institution) -> tuple[str, ...]:
    return one.code, one.name, one.region, one.level, one.kind, one.consortium


def _qualifications(seed: int, today: date, items: tuple[str, ...]) -> Rows:
    """Half-yearly rounds of the national scheme; a provincial one that shows a fresh failure."""
    for one in (*HOSPITALS, SENDOUT):
        for item in items:
            for start, end in half_years(today):
                passed = _passed(one, item, start, today)
                if (one, item) == (SHIJIAZHUANG, "CK"):
                    end = min(end, today - timedelta(days=2))  # lapsed the day before yesterday
                if passed is None or end < start:
                    continue
                score = dice(seed, "round", one.code, item, start).choice((90, 100, 100, 100))
                name = f"{start.year}-{1 if start.month < 7 else 2}"
                yield one.code, item, NATIONAL, name, start, end, score if passed else 60, passed
    # Shijiazhuang: uric acid passed the national rounds, and failed the newest provincial one.
    fresh = today - timedelta(days=4)
    yield SHIJIAZHUANG.code, "UA", PROVINCIAL, f"{fresh:%Y-%m}", fresh, "", 60, False


def _passed(one: Institution, item: str, start: date, today: date) -> bool | None:
    """How a round ended; None: the laboratory did not take part."""
    recent = start > today - timedelta(days=370)
    if (one, item) == (GAOYI, "ALT"):
        return not recent  # the last two rounds, or three
    if (one, item) == (TIANJIN, "CK"):
        return None if recent else True  # lapsed
    if (one, item) == (GAOYI, "HCVAB"):
        return None  # never took part
    return True


def _precision(seed: int, today: date, catalogue: Catalogue) -> Rows:
    """Monthly CVs up to last month: well below the limit, with two exceptions."""
    for one in HOSPITALS:
        for key, item in catalogue.items.items():
            if item.max_cv_percent is None or (one, key) == (GAOYI, "HBA1C"):
                continue  # Gaoyi reports no CV of HbA1c
            for month in months_before(today, 19):
                share = dice(seed, "cv", one.code, key, month).uniform(0.35, 0.8)
                if (one, key) == (TIANJIN, "GLU") and month >= months_before(today, 3)[0]:
                    share = 1.3  # above the limit for three months
                yield one.code, key, month, f"{float(item.max_cv_percent) * share:.2f}"


def _marks(today: date, items: tuple[str, ...]) -> Rows:
    start = today - timedelta(days=700)
    special = {(one, item) for (one, _), named in _MARKS.items() for item in named}
    for (one, mark), named in _MARKS.items():
        for item in named:
            yield one.code, item, mark, start, ""
    for one in HOSPITALS:
        for item in items:
            if (one, item) in special or (one, item) in _UNMARKED:
                continue
            # Tianjin's mark for total cholesterol ended a month ago and was not renewed.
            ended = (one, item) == (TIANJIN, "TC")
            mark = "京津冀鲁HR" if one is JINAN else "京津冀HR"
            yield one.code, item, mark, start, today - timedelta(days=30) if ended else ""


def _image_quality(today: date, classes: tuple[str, ...]) -> Rows:
    """Yearly inspections of the imaging departments; Jinan's mammography failed its last one."""
    for one in _WITH_IMAGES:
        for key in classes:
            for year in (today.year - 2, today.year - 1, today.year):
                passed = (one, key, year) != (JINAN, "MG", today.year)
                name, score = f"{year}", 95 if passed else 70
                yield (
                    one.code, key, IMAGES, name, f"{year}-01-01", f"{year}-12-31", score, passed,
                )  # fmt: skip


def _image_marks(today: date, classes: tuple[str, ...]) -> Rows:
    """Marks of image classes: Tianjin's CT has the older one, Shijiazhuang's ultrasound none."""
    start = today - timedelta(days=700)
    for one in _WITH_IMAGES:
        for key in classes:
            if (one, key) == (SHIJIAZHUANG, "US"):
                continue
            mark = "京津冀鲁HR" if one is JINAN else "京津冀HR"
            yield one.code, key, "-GX" if (one, key) == (TIANJIN, "CT") else mark, start, ""


def _policies(today: date) -> str:
    start = today - timedelta(days=365)
    return f"""# Invented policies of a synthetic region.
policies:
  - scope: region:12
    from: {start}
    voluntary: false
    exit_list:
      - {{institution: "{SENDOUT.code}", items: all, from: {today - timedelta(days=20)}}}
  - scope: receiver:{SHIJIAZHUANG.code}
    from: {start}
    methods: {{CRE: enzymatic}}
  - scope: receiver:{BEIJING.code}
    from: {start}
    level_rule: same_or_higher
"""


def half_years(today: date) -> list[tuple[date, date]]:
    """The half-years, first and last day, from 30 months ago to the one of `today`."""
    found = []
    year, half = today.year, 0 if today.month < 7 else 1
    for _ in range(5):
        start = date(year, 7 if half else 1, 1)
        found.append((start, date(year, 12, 31) if half else date(year, 6, 30)))
        year, half = (year, 0) if half else (year - 1, 1)
    return found[::-1]


def months_before(today: date, count: int) -> list[str]:
    """The `count` months before that of `today`, oldest first, as 2026-05."""
    number = today.year * 12 + today.month - 1
    return [f"{n // 12}-{n % 12 + 1:02}" for n in range(number - count, number)]


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    """CSV with a byte order mark, as Chinese Excel saves it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(str(cell).lower() if isinstance(cell, bool) else cell for cell in row)
    return buffer.getvalue().encode("utf-8-sig")
