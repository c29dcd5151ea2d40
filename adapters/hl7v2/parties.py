"""People and institutions: XCN, CNN, NDL and XON, as Chinese senders fill them.

`1371^李四`, `1371&李四` and a bare name or number all occur in the same fields.
"""

import re
from typing import Final

from adapters.hl7v2.reading import Reading
from hie.records import Institution, Staff

_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_NUMBERED: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")


def is_credit_code(text: str) -> bool:
    """Whether this is a unified social credit code (GB 32100: 18 characters, the last a check)."""
    if len(text) != 18 or any(c not in _CREDIT for c in text):
        return False
    total = sum(_CREDIT.index(c) * w for c, w in zip(text, _WEIGHTS, strict=False))
    return _CREDIT[(31 - total % 31) % 31] == text[17]


def staff(reading: Reading, raw: str, path: str) -> tuple[Staff, ...]:
    """The people of a field, one a repetition."""
    if not raw:
        return ()
    found = []
    for number, one in enumerate(reading.repeats(raw), start=1):
        person = _person(reading, one, path if number == 1 else f"{path}[{number}]")
        if person is not None:
            found.append(person)
    return tuple(found)


def _person(reading: Reading, raw: str, path: str) -> Staff | None:
    components = raw.split(reading.delimiters.component)
    first = [reading.whole(s) for s in components[0].split(reading.delimiters.subcomponent)]
    if len(first) > 1:  # NDL and CNN: id&family&given in one component
        number, family, given = (*first, "", "")[:3]
    else:
        rest = [reading.whole(c) for c in components[1:3]]
        number, family, given = (*first, *rest, "", "")[:3]
    family = family.split(reading.delimiters.subcomponent, 1)[0]
    if not family and not given:
        if number and not (_NUMBERED.fullmatch(number) and any(c.isdigit() for c in number)):
            number, family = "", number  # a bare name stands where the number belongs
    elif number and not number.isascii() and _NUMBERED.fullmatch(family) and not given:
        number, family = family, number  # name first
    name = join_name(family, given)
    return Staff(path, number or None, name or None) if number or name else None


def join_name(family: str, given: str, *more: str) -> str:
    """A name in reading order: hanzi without a space and family first, else given name first."""
    if not (family and given):
        return family or given
    if family.isascii() and given.isascii():
        return " ".join(p for p in (given, *more, family) if p)
    return f"{family}{given}" + "".join(more)


def institution(reading: Reading, raw: str, path: str) -> Institution | None:
    """An institution (XON, CWE or HD): its credit code if one is sent or the profile knows it."""
    if not raw:
        return None
    words: list[str] = []
    for component in reading.repeats(raw)[0].split(reading.delimiters.component):
        words += [reading.whole(s) for s in component.split(reading.delimiters.subcomponent)]
    named = [w for w in words if w]
    if not named:
        return None
    code = next((w for w in named if is_credit_code(w)), None)
    table = reading.profile.institutions
    if code is None:
        code = next((table[w] for w in named if w in table), None)
    name = next((w for w in named if not w.isascii()), named[0])
    return Institution(path, code, name if name != code else None)
