"""What happens to the cast in the last weeks: one function a story, each one case for the rules.

Days are counted back from the day the region is made for. `TOLD` says in a sentence what each
story shows when its patient is asked about; the documents and the manifest repeat it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from hie.recognition.catalogue import Catalogue
from hie.synthetic.institutions import BY_SITE, SENDOUT
from hie.synthetic.panels import (
    BLOOD_COUNT,
    CHEMISTRY,
    GLYCATED,
    ODD_NAME,
    ODD_NUMBER,
    SEROLOGY,
    Panel,
)
from hie.synthetic.people import Person
from hie.synthetic.report import Report, make_report


@dataclass(frozen=True, slots=True)
class Teller:
    """What a story is told with."""

    seed: int
    today: date
    catalogue: Catalogue
    people: dict[int, Person]

    def report(self, index: int, panel: Panel, ago: int, site: str = "") -> Report:
        """A usual report of a person, so many days ago, at their usual site or another."""
        person = self.people[index]
        day = self.today - timedelta(days=ago)
        sender = BY_SITE[site or person.sites[0]]
        return make_report(self.seed, person, sender, panel, day, self.catalogue)


Story = Callable[[Teller, int], list[Report]]


def fresh(t: Teller, i: int) -> list[Report]:
    """Everything in order, two days old."""
    return [t.report(i, panel, 2) for panel in (CHEMISTRY, BLOOD_COUNT, GLYCATED)]


def too_old(t: Teller, i: int) -> list[Report]:
    """One day past the seven of the electrolytes."""
    return [t.report(i, CHEMISTRY, 8)]


def on_the_last_day(t: Teller, i: int) -> list[Report]:
    """Exactly seven days."""
    return [t.report(i, CHEMISTRY, 7), t.report(i, BLOOD_COUNT, 20, t.people[i].sites[1])]


def critical(t: Teller, i: int) -> list[Report]:
    """A potassium beyond the critical limit, called through."""
    known = t.report(i, CHEMISTRY, 1)
    notes = ("危急值，已电话通知",)
    lines = tuple(
        replace(line, value="6.42", flag="HH", notes=notes) if line.test.key == "K" else line
        for line in known.lines
    )
    return [replace(known, lines=lines)]


def haemolysed(t: Teller, i: int) -> list[Report]:
    """Marked haemolysis, noted at the potassium."""
    known = t.report(i, CHEMISTRY, 2)
    lines = tuple(
        replace(line, value="5.71", flag="H", notes=("标本重度溶血，结果仅供参考",))
        if line.test.key == "K"
        else line
        for line in known.lines
    )
    return [replace(known, lines=lines)]


def other_unit(t: Teller, i: int) -> list[Report]:
    """Creatinine in mg/dL."""
    known = t.report(i, CHEMISTRY, 2)
    facts = {"value": "1.0", "unit": "mg/dL", "low": "0.6", "high": "1.1", "flag": "N"}
    return [known.changed("CRE", **facts)]


def affine(t: Teller, i: int) -> list[Report]:
    """HbA1c of 48 mmol/mol, 6.5 %."""
    return [t.report(i, GLYCATED, 5).changed("HBA1C", value="48", flag="H")]


def other_method(t: Teller, i: int) -> list[Report]:
    """LDH from pyruvate to lactate: about twice the number."""
    facts = {"value": "402.0", "low": "200", "high": "450", "flag": "N", "method": "丙酮酸底物法"}
    return [t.report(i, CHEMISTRY, 3).changed("LDH", **facts)]


def serology(t: Teller, i: int) -> list[Report]:
    """Hepatitis serology, vaccinated."""
    return [t.report(i, SEROLOGY, 4).changed("HBSAB", value="阳性")]


def narrow_marks(t: Teller, i: int) -> list[Report]:
    """Marks of several ranges on one panel."""
    return [t.report(i, CHEMISTRY, 1), t.report(i, BLOOD_COUNT, 1)]


def failed_rounds(t: Teller, i: int) -> list[Report]:
    """From a laboratory that failed two rounds running for one enzyme."""
    return [t.report(i, CHEMISTRY, 3)]


def sent_out(t: Teller, i: int) -> list[Report]:
    """Done by a laboratory that is suspended."""
    return [replace(t.report(i, SEROLOGY, 3), laboratory=SENDOUT)]


def falling_platelets(t: Teller, i: int) -> list[Report]:
    """Platelets halved within four days."""
    return [
        t.report(i, BLOOD_COUNT, 5).changed("PLT", value="120", flag="L"),
        t.report(i, BLOOD_COUNT, 1).changed("PLT", value="60", flag="L"),
    ]


def other_sex(t: Teller, i: int) -> list[Report]:
    """One resident number, the other sex at the second hospital."""
    own = t.report(i, CHEMISTRY, 20)
    other = t.report(i, CHEMISTRY, 2, t.people[i].sites[1])
    sex = "female" if t.people[i].sex == "male" else "male"
    return [own, replace(other, identity=replace(other.identity, sex=sex))]


def owner_of_a_number(t: Teller, i: int) -> list[Report]:
    """The holder of a number that another person uses."""
    return [t.report(i, CHEMISTRY, 3)]


def user_of_a_number(t: Teller, i: int) -> list[Report]:
    """Somebody else's number: other name, other birth date."""
    if i - 1 not in t.people:
        return []
    known = t.report(i, CHEMISTRY, 2)
    number = t.people[i - 1].resident_id
    return [replace(known, identity=replace(known.identity, resident_id=number))]


def not_collected(t: Teller, i: int) -> list[Report]:
    """No collection time, only the release."""
    return [replace(t.report(i, CHEMISTRY, 4), collected=None)]


def mistyped(t: Teller, i: int) -> list[Report]:
    """A resident number that fails its check."""
    known = t.report(i, CHEMISTRY, 5)
    number = known.identity.resident_id
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    return [replace(known, identity=replace(known.identity, resident_id=wrong))]


def preliminary(t: Teller, i: int) -> list[Report]:
    """Not released yet."""
    known = replace(t.report(i, CHEMISTRY, 1), status="P", reviewer="")
    return [known.changed(status="P")]


def corrected(t: Teller, i: int) -> list[Report]:
    """A potassium that was corrected two hours later."""
    first = t.report(i, CHEMISTRY, 2).changed("K", value="5.92", flag="H")
    then = replace(
        t.report(i, CHEMISTRY, 2), status="C", issued=first.issued + timedelta(hours=2)
    ).changed("K", value="4.21", flag="N", status="C")
    return [first, replace(then, notes=("更正报告：血钾复查",))]


def withdrawn(t: Teller, i: int) -> list[Report]:
    """A report that was withdrawn: posted for the wrong patient."""
    first = t.report(i, BLOOD_COUNT, 3)
    then = replace(first, status="C", issued=first.issued + timedelta(hours=5))
    return [first, replace(then.changed(status="W"), notes=("报告作废：标本贴错",))]


def unmapped(t: Teller, i: int) -> list[Report]:
    """One test under a code that nobody has mapped."""
    known = t.report(i, CHEMISTRY, 4)
    lines = tuple(
        replace(line, code=(ODD_NUMBER, ODD_NAME)) if line.test.key == "GGT" else line
        for line in known.lines
    )
    return [replace(known, lines=lines)]


def without_unit(t: Teller, i: int) -> list[Report]:
    """A potassium without a unit."""
    return [t.report(i, CHEMISTRY, 3).changed("K", unit="")]


def old_number(t: Teller, i: int) -> list[Report]:
    """A resident number of the old form."""
    known = t.report(i, CHEMISTRY, 6)
    number = known.identity.resident_id
    old = number[:6] + number[8:17]
    return [replace(known, identity=replace(known.identity, resident_id=old))]


def placeholder(t: Teller, i: int) -> list[Report]:
    """A placeholder where the resident number belongs."""
    known = t.report(i, BLOOD_COUNT, 2)
    return [replace(known, identity=replace(known.identity, resident_id="111111111111111111"))]


def indeterminate(t: Teller, i: int) -> list[Report]:
    """A grey-zone hepatitis B antigen."""
    return [t.report(i, SEROLOGY, 3).changed("HBSAG", value="可疑")]


def unreviewed(t: Teller, i: int) -> list[Report]:
    """Final, and nobody is named who reviewed it."""
    return [replace(t.report(i, CHEMISTRY, 2), reviewer="")]


def out_of_control(t: Teller, i: int) -> list[Report]:
    """Sodium from a run that was out of control."""
    return [t.report(i, CHEMISTRY, 2).changed("NA", control="失控")]


def rare_name(t: Teller, i: int) -> list[Report]:
    """A name outside GBK."""
    return [t.report(i, CHEMISTRY, 3)]


def dotted_name(t: Teller, i: int) -> list[Report]:
    """One name with its dot, and without."""
    return [t.report(i, BLOOD_COUNT, 6), t.report(i, CHEMISTRY, 2, t.people[i].sites[1])]


def child(t: Teller, i: int) -> list[Report]:
    """A child, with the adults' intervals printed."""
    return [t.report(i, BLOOD_COUNT, 3), t.report(i, SEROLOGY, 9)]


def impossible_times(t: Teller, i: int) -> list[Report]:
    """Received before it was taken."""
    known = t.report(i, CHEMISTRY, 2)
    return [replace(known, received=known.issued - timedelta(hours=12))]


def clock_ahead(t: Teller, i: int) -> list[Report]:
    """Sent by a system whose clock is two days ahead."""
    return [t.report(i, BLOOD_COUNT, -2)]


# By the numbers of the cast: the story, and what an order-check shows.
TOLD: Final[dict[int, tuple[Story, str]]] = {
    1: (fresh, "everything in order: the best outcome of every rule asked"),
    2: (too_old, "electrolytes 8 days old: past their 7 days (R-401)"),
    3: (on_the_last_day, "electrolytes exactly 7 days old: they still count (R-404)"),
    4: (critical, "potassium 6.42: a critical value (R-501)"),
    5: (haemolysed, "potassium with marked haemolysis (R-306)"),
    6: (other_unit, "creatinine 1.0 mg/dL: converted to 88.4 umol/L"),
    7: (affine, "HbA1c 48 mmol/mol: converted to 6.5 %; the name in pinyin elsewhere"),
    8: (other_method, "LDH by the pyruvate method: another method group (R-302)"),
    9: (serology, "hepatitis serology; antibodies after vaccination are no abnormality"),
    10: (narrow_marks, "TG 北京市HR, CK 北京市西城区HR: marks that do not reach Hebei (R-105)"),
    11: (failed_rounds, "ALT from a laboratory that failed two rounds running (R-203)"),
    12: (sent_out, "serology done by a suspended laboratory (R-007)"),
    13: (falling_platelets, "platelets 120, then 60 within 4 days (R-403, R-507)"),
    14: (other_sex, "one resident number, two sexes: a conflict and a question (R-002)"),
    15: (owner_of_a_number, "a resident number that two living people use: ambiguous"),
    16: (user_of_a_number, "the other of the two"),
    17: (not_collected, "no collection time: estimated from the release (R-402)"),
    18: (mistyped, "a resident number with a wrong check character: it matches nobody"),
    19: (preliminary, "a preliminary report (R-004)"),
    20: (corrected, "potassium 5.92, corrected to 4.21"),
    21: (withdrawn, "a blood count withdrawn: posted for the wrong patient"),
    22: (unmapped, "GGT under an unmapped code: on the mapping list (R-101)"),
    23: (without_unit, "potassium without a unit (R-303)"),
    24: (old_number, "a resident number of 15 digits: kept, matches nobody"),
    25: (placeholder, "a placeholder for a resident number: it matches nobody"),
    26: (indeterminate, "HBsAg in the grey zone (R-309)"),
    27: (unreviewed, "no reviewer (R-006)"),
    28: (out_of_control, "sodium from a run out of control (R-205)"),
    29: (rare_name, "a name outside GBK, in GB18030"),
    30: (dotted_name, "a name with its dot and without: one person"),
    31: (child, "a child (R-508)"),
    32: (impossible_times, "received before it was taken (R-008)"),
    33: (clock_ahead, "a sender's clock two days ahead (R-008)"),
}
