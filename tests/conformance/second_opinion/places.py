"""Section 4: which region a name means, by the GB/T 2260 table the project ships."""

from dataclasses import dataclass

from hie.schemas import schema

MUNICIPALITIES = ("11", "12", "31", "50")
OUTSIDE = ("71", "81", "82")
_UNIONS = {"长三角": frozenset({"31", "32", "33", "34"}), "成渝": frozenset({"50", "51"})}


@dataclass(frozen=True)
class Row:
    """One line of the table: code of 2, 4 or 6 digits, its names, its one-character names."""

    code: str
    name: str
    short: str
    letters: str


def _rows() -> tuple[Row, ...]:
    text = schema("terminology", "regions.tsv").read_text("utf-8")
    lines = [one.split("\t") for one in text.splitlines() if one and not one.startswith("#")]
    padded = [[*one, "", ""][:4] for one in lines]
    return tuple(Row(*one) for one in padded)


ROWS = _rows()
PROVINCES = tuple(row for row in ROWS if len(row.code) == 2 and row.code not in OUTSIDE)
NATION = frozenset(row.code for row in PROVINCES)


def names(row: Row) -> set[str]:
    """Every way the page allows to write one region."""
    if len(row.code) == 2:
        found = {row.name, row.short}
        if row.name.endswith("自治区"):
            found.add(row.short + "自治区")
        return found
    if len(row.code) == 4:
        found = {row.name, row.short} - {""}
        for ending in ("市", "地区", "州", "盟"):
            if row.name.endswith(ending):
                found.add(row.name.removesuffix(ending))
        if row.name.endswith("州") and row.short:
            found.add(row.short + "州")
        return found
    if not row.name.endswith(("区", "县", "市", "旗")):
        return set()
    return {row.name, row.short} - {""}


def read_range(name: str) -> frozenset[str] | None:
    """Codes of a mark's range: provinces (2 digits each), one prefecture or one county."""
    if name == "全国":
        return NATION
    if name in _UNIONS:
        return _UNIONS[name]
    letters = {letter: row.code for row in PROVINCES for letter in row.letters}
    if name and all(letter in letters for letter in name):
        return frozenset(letters[letter] for letter in name)
    for row in PROVINCES:
        if name in names(row):
            return frozenset({row.code})
    for length in (4, 6):
        found = {row.code for row in ROWS if len(row.code) == length and _means(name, row)}
        if found:
            return frozenset(found) if len(found) == 1 else None
    return None


def _means(name: str, row: Row) -> bool:
    """The name is the region's own, alone or after what it lies in."""
    for own in names(row):
        if name == own:
            return True
        if not name.endswith(own):
            continue
        before = name.removesuffix(own)
        if before in _above(row):
            return True
    return False


def _above(row: Row) -> set[str]:
    """How the province, the prefecture, or both one after the other may be written."""
    province = {one for up in PROVINCES if up.code == row.code[:2] for one in names(up)}
    prefecture = {
        one for up in ROWS if len(row.code) == 6 and up.code == row.code[:4] for one in names(up)
    }
    return province | prefecture | {one + two for one in province for two in prefecture}
