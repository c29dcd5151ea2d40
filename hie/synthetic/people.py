"""The invented people of the region, each with a resident number that passes its check.

The numbers name counties ending in 99, which GB/T 2260 does not have: no living person's number
can be among them. Names are drawn from lists; who has such a name in life is not meant.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hie.identity.identifiers import check_character
from hie.synthetic.cast import CAST, Condition, Sex
from hie.synthetic.dice import dice
from hie.synthetic.institutions import SENDERS

_FAMILIES: Final = (*"赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜", "欧阳", "司徒")
_WOMEN: Final = (
    "秀英", "桂兰", "淑珍", "玉梅", "丽华", "晓燕", "雪莲", "文静", "思雨", "佳怡", "雅琴", "春霞",
)  # fmt: skip
_MEN: Final = (
    "建国", "志强", "文斌", "国栋", "永福", "海涛", "子轩", "浩然", "明远", "德胜", "向东", "立新",
)  # fmt: skip
_PROVINCES: Final = ("11", "12", "13", "37")
_SHARES: Final[dict[Condition, float]] = {
    "diabetes": 0.2,
    "kidney": 0.12,
    "liver": 0.12,
    "anaemia": 0.12,
    "lipids": 0.25,
    "gout": 0.1,
    "hepatitis-b": 0.08,
}


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person; `sites` is where they are treated, the usual one first."""

    index: int
    name: str
    elsewhere: str  # the name as other sites than the usual one write it; "" if alike
    sex: Sex
    born: date
    resident_id: str
    phone: str
    sites: tuple[str, ...]
    conditions: frozenset[Condition]

    def age(self, on: date) -> int:
        """Completed years."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))

    def number(self, prefix: str) -> str:
        """Their number at a site."""
        return f"{prefix}{100000 + self.index * 37}"


def resident_number(county: str, born: date, order: int) -> str:
    """A resident number whose check character is right (GB 11643)."""
    first17 = f"{county}{born:%Y%m%d}{order:03}"
    return first17 + check_character(first17)


def make_people(seed: int, today: date, count: int) -> list[Person]:
    """The first `count` people of this seed; more people change none of the earlier ones."""
    return [make_person(seed, today, index) for index in range(1, count + 1)]


def make_person(seed: int, today: date, index: int) -> Person:
    """One person: of the cast, or a chance one: mostly adults, some children, a few very old."""
    fate = dice(seed, "person", index)
    role = CAST.get(index)
    sex: Sex = "female" if fate.random() < 0.52 else "male"
    years = fate.choices((8, 30, 50, 66, 82), (4, 22, 34, 28, 12))[0]
    strays = fate.randint(-2500, 2500)
    if role is not None:
        sex, years, strays = role.sex, role.years, strays // 14
    born = today - timedelta(days=round(365.25 * years) + strays)
    conditions = frozenset(
        condition
        for condition, share in _SHARES.items()
        if years > 18 and role is None and fate.random() < share
    )
    family = _FAMILIES[(index * 7 + seed) % len(_FAMILIES)]
    given = fate.choice(_WOMEN if sex == "female" else _MEN)
    return Person(
        index,
        role.name if role else family + given,
        role.elsewhere if role else "",
        sex,
        born,
        resident_number(
            f"{fate.choice(_PROVINCES)}{index // 500 % 99 + 1:02}99",
            born,
            (index * 2 + (1 if sex == "male" else 0)) % 1000,
        ),
        f"1000{index:07}",
        role.sites if role else _sites(index, fate.random()),
        conditions,
    )


def _sites(index: int, fate: float) -> tuple[str, ...]:
    """A usual hospital; half are known at a second one, some at a third."""
    names = [sender.site for sender in SENDERS]
    start = index % len(names)
    turned = names[start:] + names[:start]
    return tuple(turned[: 1 if fate < 0.45 else 2 if fate < 0.85 else 3])
