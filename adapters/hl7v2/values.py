"""OBX-5 by OBX-2: one repetition of a value, with what it carries beside the number.

The table of types follows the v2-to-FHIR guide (OBX.Observation); where a sender's type and
value disagree, the value is read for what it is, and an issue says so.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from adapters.hl7v2 import numbers, words
from adapters.hl7v2.coded import coded
from adapters.hl7v2.components import CODED, aside
from adapters.hl7v2.loose import Read, Where, read_loose
from adapters.hl7v2.numbers import PLAIN
from adapters.hl7v2.profile_parts import Sampling
from adapters.hl7v2.reading import Reading
from adapters.hl7v2.times import Placeholder, clock
from hie.adapter import Severity
from hie.records import (
    Interval,
    Quantity,
    Ratio,
    Samples,
    Text,
    TimeValue,
)


def read_number(reading: Reading, raw: str, where: Where) -> Read:
    """NM: a number; else whatever it is, and an issue."""
    text = reading.whole(raw)
    if PLAIN.fullmatch(text):
        return Read(Quantity(text))
    return read_loose(reading, text, where, strict=True)


def read_text(reading: Reading, raw: str, where: Where) -> Read:
    """ST: words, numbers with a comparator, titres, intervals; a bare number if scale is Qn."""
    text = reading.whole(raw)
    if where.is_number and PLAIN.fullmatch(text):
        return Read(Quantity(text))
    return read_loose(reading, text, where, strict=False)


def read_lines(reading: Reading, raw: str, where: Where) -> Read:
    """TX, FT: text; repetitions are lines. A lone word or number is read like ST."""
    if reading.delimiters.repetition in raw:
        text = "\n".join(reading.whole(r) for r in reading.repeats(raw)).strip()
        return Read(Text(text)) if text else Read()
    text = reading.whole(raw)
    if not text:
        return Read()
    if "\n" in text or len(text) > 40:
        return Read(Text(text))
    return read_text(reading, raw, where)


def read_coded(reading: Reading, raw: str, where: Where) -> Read:
    """CE, CWE, CNE, CF, IS, ID: a coding; a known word in it gives the class."""
    found = coded(reading, raw, where.path)
    if found is None:
        return Read()
    for path, is_known in aside(reading, raw, where.path, CODED):
        reading.tally.component(path, is_known=is_known)
    if found.display is None and found.text is None:
        found = msgspec.structs.replace(found, text=found.code)
    for text in (found.text, found.display, found.code):
        if not text:
            continue
        key = words.key(text)
        absent = reading.profile.absent_values.get(text) or (
            words.ABSENT.get(key) if found.system is None and found.display is None else None
        )
        if absent:
            reading.issue("value-absent", where.path, text)
            return Read(absent=absent, note=text if any(c.isalpha() for c in text) else None)
        flag = reading.profile.values.get(text) or words.RESULT_WORDS.get(key)
        if flag:
            return Read(found, flag=flag, flag_text=text)
    return Read(found)


def read_structured(reading: Reading, raw: str, where: Where) -> Read:
    """SN: comparator ^ number ^ separator or suffix ^ number."""
    parts = [numbers.narrow(p) for p in reading.parts(raw)]
    if len(parts) == 1:
        return read_loose(reading, reading.whole(raw), where, strict=True)
    parts.extend([""] * (4 - len(parts)))
    sign, first, separator, second = parts[:4]
    text = f"{sign}{first}{separator}{second}"
    if not first and not second:
        return read_loose(reading, reading.whole(parts[0]), where, strict=True)
    comparator = numbers.COMPARATORS.get(sign)
    if sign == "<>" or (separator == "+" and not second):
        return Read(Text(text))
    if sign and sign != "=" and comparator is None:
        reading.issue("value-not-read", where.path, text)
        text = f"{first}{separator}{second}"
    top = numbers.read(first) if first else None
    bottom = numbers.read(second) if second else None
    if top is None or top.tail or top.comparator or (second and (bottom is None or bottom.tail)):
        reading.issue("value-not-read", where.path, text)
        return Read(Text(text))
    if not separator and bottom is None:
        return Read(Quantity(top.value, comparator or top.comparator))
    if bottom is None:
        return Read(Text(text))
    if separator in (":", "/"):
        return Read(Ratio(top.value, bottom.value, text, comparator))
    if separator == "-":
        return Read(Interval(top.value, bottom.value, text))
    reading.issue("value-not-read", where.path, text)
    return Read(Text(text))


def read_time(reading: Reading, raw: str, where: Where) -> Read:
    """DT, DTM, TS: a date or time with the precision sent."""
    found = reading.moment(raw, where.path)
    text = reading.whole(raw)
    if found is None:
        return Read(Text(text)) if text else Read()
    return Read(TimeValue("dateTime", found.text))


def read_clock(reading: Reading, raw: str, where: Where) -> Read:
    """TM: a time of day."""
    text = reading.component(raw, 1)
    if not text:
        return Read()
    try:
        return Read(TimeValue("time", clock(text)))
    except (ValueError, Placeholder):
        reading.issue("value-not-read", where.path, text, expected="HH[MM[SS]]")
        return Read(Text(text))


def read_period(reading: Reading, raw: str, where: Where) -> Read:
    """DR: start ^ end."""
    parts = raw.split(reading.delimiters.component)
    start = reading.moment(parts[0], where.path) if parts[0] else None
    end = reading.moment(parts[1], where.path) if len(parts) > 1 and parts[1] else None
    if start is None and end is None:
        text = reading.whole(raw)
        return Read(Text(text)) if text else Read()
    return Read(TimeValue("period", start.text if start else None, end.text if end else None))


def read_interval(reading: Reading, raw: str, where: Where) -> Read:
    """NR: low ^ high."""
    parts = [numbers.narrow(p) for p in reading.parts(raw)]
    if len(parts) == 1:
        return read_loose(reading, parts[0], where, strict=True)
    ends = [numbers.read(p) if p else None for p in parts[:2]]
    text = "-".join(parts[:2])
    if any(p and (e is None or e.tail or e.comparator) for p, e in zip(parts, ends, strict=False)):
        reading.issue("value-not-read", where.path, text)
        return Read(Text(text))
    low, high = (e.value if e else None for e in ends)
    return Read(Interval(low, high, text)) if low or high else Read()


def read_samples(reading: Reading, raw: str, where: Where) -> Read:
    """NA, MA: numbers separated by ^ and ~ (2.5.1 chapter 2A.46, 2A.36), sampled by the profile.

    Of MA a repetition is one moment and its components the channels; an empty place is an error of
    the sampling (`E`).
    """
    sampling = sampling_of(reading, where.code)
    rows = [reading.parts(row) for row in reading.repeats(raw)]
    texts = [text or "E" for row in rows for text in row]
    if sampling is None or any(t != "E" and not PLAIN.fullmatch(t) for t in texts):
        reading.issue("samples-not-read", where.path)
        return Read(Text(reading.whole(raw)))
    widths = {len(row) for row in rows}
    dimensions = widths.pop() if where.kind == "MA" and len(widths) == 1 else 1
    return Read(Samples(" ".join(texts), dimensions, sampling.period, sampling.origin))


def sampling_of(reading: Reading, code: str) -> Sampling | None:
    """How the profile says that an array of this code was sampled."""
    samples = reading.profile.samples
    return samples.get(code) or samples.get("*")


def read_dashed(reading: Reading, raw: str, where: Where) -> Read:
    """VR: two values, kept as `a-b`."""
    text = "-".join(p for p in reading.parts(raw) if p)
    return Read(Text(text)) if text else Read()


def read_unknown(reading: Reading, raw: str, where: Where) -> Read:
    """A type that is not read here: its text."""
    text = reading.whole(raw)
    return Read(Text(text)) if text else Read()


def read_untyped(reading: Reading, raw: str, where: Where) -> Read:
    """OBX-2 empty: a bare number is a number, anything else is read like ST."""
    text = reading.whole(raw)
    reading.issue("value-type-missing", where.path, severity=Severity.WARN)
    if PLAIN.fullmatch(text):
        return Read(Quantity(text))
    return read_text(reading, raw, where)


Reader = Callable[[Reading, str, Where], Read]
READERS: Final[dict[str, Reader]] = {
    "NM": read_number, "NUM": read_number,
    "ST": read_text, "SI": read_text,
    "TX": read_lines, "FT": read_lines, "TXT": read_lines, "CF": read_coded,
    "CE": read_coded, "CWE": read_coded, "CNE": read_coded, "IS": read_coded, "ID": read_coded,
    "SN": read_structured,
    "DT": read_time, "DTM": read_time, "TS": read_time, "TM": read_clock, "DR": read_period,
    "NR": read_interval, "VR": read_dashed,
    "NA": read_samples, "MA": read_samples,
    "": read_untyped,
}  # fmt: skip
WHOLE: Final = frozenset({"TX", "FT", "TXT"})  # types whose repetitions are lines of one value
UNSPLIT: Final = WHOLE | {"NA", "MA"}
