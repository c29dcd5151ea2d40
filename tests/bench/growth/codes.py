"""Some six hundred codes of invented laboratories: the catalogue's tests, and many it lacks."""

import random
from collections.abc import Sequence

from hie.recognition.catalogue import load_catalogue
from tests.builders import Test

KNOWN, OTHERS = 27, 573
_PARTS = ("游离", "总", "结合", "尿", "血清", "抗", "高敏", "微量", "快速", "脑脊液", "")
_STEMS = (
    "皮质醇", "睾酮", "铁蛋白", "转铁蛋白", "补体", "免疫球蛋白", "胆碱酯酶", "脂肪酶", "淀粉酶", "胱抑素",
    "肌红蛋白", "肌钙蛋白", "降钙素原", "甲状腺素", "促甲状腺素", "叶酸", "维生素", "同型半胱氨酸", "纤维蛋白原",
    "凝血酶原", "抗凝血酶", "甲胎蛋白", "癌胚抗原", "糖类抗原", "细胞角蛋白", "前白蛋白", "胆汁酸", "乳酸",
)  # fmt: skip
_ENDS = ("测定", "定量", "活性", "比值", "A", "B", "C3", "G", "M", "19-9", "72-4", "D", "B12", "")
_UNITS = ("nmol/L", "μg/L", "mg/L", "U/L", "ng/mL", "pg/mL", "IU/mL", "g/L", "%", "μmol/L")


def catalogue_tests() -> tuple[Test, ...]:
    """27 tests of the catalogue, under their first LOINC code."""
    return tuple(
        Test(
            key,
            item.loinc_confirmed[0] if item.loinc_confirmed else None,
            item.abbr or key,
            item.zh,
            item.unit or "COI",
            item.unit or "1",
            "1.5",
            "62.5",
            2,
        )
        for key, item in sorted(load_catalogue().items.items())[:KNOWN]
    )


def other_tests(seed: int = 5) -> tuple[Test, ...]:
    """Tests the catalogue does not have; every third has a LOINC code beside the local one."""
    dice = random.Random(seed)  # noqa: S311 - data to measure with
    return tuple(
        Test(
            None,
            f"{30000 + number}-{number % 10}" if number % 3 == 0 else None,
            f"{dice.choice('ABCDEFGHKLMNPRST')}{number:03}{dice.choice(('', '-1', '#', '%'))}",
            f"{dice.choice(_PARTS)}{dice.choice(_STEMS)}{dice.choice(_ENDS)}",
            (unit := dice.choice(_UNITS)),
            unit,
            f"{dice.uniform(0, 9):.1f}",
            f"{dice.uniform(10, 400):.1f}",
            dice.randint(0, 3),
        )
        for number in range(OTHERS)
    )


def panels(tests: Sequence[Test], others: Sequence[Test], seed: int = 6) -> list[list[Test]]:
    """Two hundred panels of 30: as laboratories print them, some of the catalogue in most."""
    dice = random.Random(seed)  # noqa: S311 - data to measure with
    found = []
    for _ in range(200):
        known = dice.choice((0, 8, 15, 20, 27))
        found.append([*dice.sample(list(tests), known), *dice.sample(list(others), 30 - known)])
    return found
