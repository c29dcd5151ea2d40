"""The people who show something on purpose: each is one case a clinician or an engineer meets.

What happens to them is told in `stories` and `imaging.stories`, by the same numbers. Their chance
history stays, but their last weeks hold nothing but their story.
"""

from dataclasses import dataclass
from typing import Final, Literal

Condition = Literal["diabetes", "kidney", "liver", "anaemia", "lipids", "gout", "hepatitis-b"]
Sex = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class Role:
    """Who plays it: name, sex, age in years, where; and how other sites write the name."""

    name: str
    sex: Sex
    years: int
    sites: tuple[str, ...]
    elsewhere: str = ""


# Whose story the laboratories tell; the others' is told by imaging departments.
BY_LABORATORIES: Final = frozenset(range(1, 34))

CAST: Final[dict[int, Role]] = {
    1: Role("王秀英", "female", 58, ("bj-lis", "sjz-lis")),
    2: Role("李建国", "male", 62, ("bj-lis", "tj-lis")),
    3: Role("张丽华", "female", 45, ("bj-lis", "tj-lis"), "張麗華"),
    4: Role("刘志强", "male", 55, ("bj-lis", "tj-lis")),
    5: Role("陈玉梅", "female", 49, ("tj-lis",)),
    6: Role("杨文斌", "male", 51, ("tj-lis",)),
    7: Role("吕海涛", "male", 64, ("tj-lis", "bj-lis"), "LYU HAITAO"),
    8: Role("周晓燕", "female", 38, ("gy-lis", "sjz-lis")),
    9: Role("吴佳怡", "female", 29, ("bj-lis",)),
    10: Role("欧阳国栋", "male", 70, ("bj-lis", "sjz-lis")),
    11: Role("孙桂兰", "female", 66, ("gy-lis",)),
    12: Role("马永福", "male", 47, ("sjz-lis",)),
    13: Role("朱若兰", "female", 52, ("bj-lis",)),
    14: Role("胡子轩", "male", 33, ("bj-lis", "tj-lis")),
    15: Role("林雪莲", "female", 41, ("bj-lis",)),
    16: Role("何承志", "male", 57, ("tj-lis",)),
    17: Role("高淑珍", "female", 73, ("sjz-lis",)),
    18: Role("罗德胜", "male", 60, ("gy-lis",)),
    19: Role("郑思雨", "female", 26, ("bj-lis",)),
    20: Role("梁浩然", "male", 36, ("bj-lis",)),
    21: Role("宋春霞", "female", 54, ("bj-lis",)),
    22: Role("唐立新", "male", 68, ("gy-lis",)),
    23: Role("许海棠", "female", 44, ("tj-lis",)),
    24: Role("韩云飞", "male", 80, ("sjz-lis",)),
    25: Role("冯雅琴", "female", 59, ("gy-lis",)),
    26: Role("邓向东", "male", 48, ("bj-lis",)),
    27: Role("曹文静", "female", 31, ("sjz-lis",)),
    28: Role("彭明远", "male", 63, ("tj-lis",)),
    29: Role("王䶮", "male", 39, ("tj-lis",)),
    30: Role("古丽娜尔·示例", "female", 35, ("bj-lis", "tj-lis"), "古丽娜尔示例"),
    31: Role("赵思雨", "female", 8, ("bj-lis",)),
    32: Role("蒋志强", "male", 61, ("tj-lis",)),
    33: Role("沈玉梅", "female", 50, ("sjz-lis",)),
    34: Role("韦长安", "male", 58, ("bj-lis", "sjz-lis")),
    35: Role("姚春生", "male", 61, ("bj-lis", "sjz-lis")),
    36: Role("潘玉琴", "female", 52, ("bj-lis", "tj-lis")),
    37: Role("董慧敏", "female", 47, ("sjz-lis",)),
    38: Role("袁晓燕", "female", 36, ("tj-lis", "bj-lis")),
    39: Role("于德水", "male", 66, ("sjz-lis",)),
    40: Role("余立群", "male", 54, ("bj-lis",)),
    41: Role("苏文静", "female", 43, ("tj-lis",)),
    42: Role("叶明山", "male", 59, ("jn-lis",)),
    43: Role("程国华", "male", 71, ("tj-lis",)),
    44: Role("魏淑芬", "female", 63, ("sjz-lis",)),
    45: Role("田向荣", "male", 67, ("bj-lis",)),
    46: Role("杜桂枝", "female", 69, ("jn-lis", "bj-lis")),
    47: Role("丁海波", "male", 50, ("bj-lis", "tj-lis")),
    48: Role("任晓东", "male", 57, ("sjz-lis", "bj-lis")),
    49: Role("钟雅琴", "female", 40, ("bj-lis", "tj-lis")),
    50: Role("姜子轩", "male", 24, ("jn-lis",)),
}
