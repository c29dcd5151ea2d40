"""What an examination with images looks like as a row, a panel of reasons and a strip of pictures.

Pure: the plain values of `prior_studies.told` in, plain dicts for the template out. Nothing is
judged here: a verdict is the answer's, and an examination the engine was not asked about says why.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from hie.recognition.moment import find_moment
from hie.web.language import Language, say
from hie.web.pages.answered import OUTCOMES, mark_state, source_code
from hie.web.pages.filters import ABNORMAL, IMAGING, Filters, is_within
from hie.web.pages.view import collected_text, limit_text, reasons

PARTS: Final = (
    "abdomen",
    "ankle",
    "breast",
    "chest",
    "cspine",
    "elbow",
    "foot",
    "hand",
    "head",
    "heart",
    "hip",
    "kidney",
    "knee",
    "liver",
    "lspine",
    "neck",
    "pelvis",
    "shoulder",
    "sspine",
    "thyroid",
    "tspine",
    "wholebody",
    "wrist",
)
SIDES: Final = ("l", "r", "b")
CONTRASTS: Final = ("none", "enhanced", "both")
PROTOCOLS: Final = ("low-dose", "screening", "portable", "angiography", "perfusion")
# Series that hold no pictures: reports, key objects, presentation states, dose, plans.
_NO_PICTURES: Final = frozenset({"SR", "KO", "PR", "SEG", "RTPLAN", "RTSTRUCT", "RTDOSE", "DOC"})
_MOST_PICTURES: Final = 8  # of a study on the patient's page


def outcome_of(study: Mapping[str, Any]) -> str:
    """The verdict on an examination; "" where the engine said nothing of it."""
    candidate = study["candidate"]
    return candidate["outcome"] if candidate and candidate["outcome"] in OUTCOMES else ""


def place_of(study: Mapping[str, Any]) -> str:
    """The code of the institution an examination is from; "" when unknown."""
    return source_code(study["candidate"]) if study["candidate"] else ""


def age_of(study: Mapping[str, Any], on: date) -> int | None:
    """How many days ago an examination was; None when nobody says."""
    if study["candidate"]:
        return cast("int | None", study["candidate"]["age_days"])
    taken = find_moment(study["taken"])
    return None if taken is None else (on - taken.day).days


def row(
    study: Mapping[str, Any],
    classes: Mapping[str, Mapping[str, str]],
    number: Mapping[str, int],
    filters: Filters,
    base: str,
    lang: Language,
) -> dict[str, Any]:
    """One examination of the list."""
    candidate = study["candidate"]
    named = candidate or {}
    institution = named.get("institution", {}).get("name") or study["institution"]
    return {
        "key": study["key"],
        "url": filters.url(base, item=study["key"]),
        "title": title(study, classes, lang),
        "details": details(study, lang),
        "outcome": outcome_of(study),
        "source": number.get(place_of(study)) if place_of(study) else None,
        "institution": institution or say("institution-unknown", lang),
        "mark": named.get("mark"),
        "mark_state": mark_state(candidate) if candidate else "unasked",
        "taken": day_of(study["taken"]) or say("collected-unknown", lang),
        "age": collected_text(candidate, lang) if candidate else "",
        "limit": limit_text(candidate, lang) if candidate else "",
        "counts": counts(study, lang),
        "lacks": lacks(study, lang),
        "pictures": pictures(study),
        "viewer": f"{base}/images/{study['study']}" if pictures(study) else None,
        "report": report(study, lang),
    }


def why(
    study: Mapping[str, Any],
    classes: Mapping[str, Mapping[str, str]],
    number: Mapping[str, int],
    lang: Language,
) -> dict[str, Any]:
    """The panel of reasons: every finding, or why there are none."""
    name = title(study, classes, lang)
    candidate = study["candidate"]
    if not outcome_of(study):
        return {
            "outcome": "none",
            "name": name,
            "findings": [],
            "passed": [],
            "earlier": [],
            "unasked": unasked(study, lang),
        }
    order = {"outcome": candidate["outcome"], "candidates": [candidate]}
    return {**reasons(order, {lang: name}, number, lang), "unasked": ""}


def unasked(study: Mapping[str, Any], lang: Language) -> str:
    """Why the engine said nothing: what it is not known to be cannot be ordered."""
    return say("study-unclassed" if study["class"] is None else "study-unasked", lang)


def title(
    study: Mapping[str, Any], classes: Mapping[str, Mapping[str, str]], lang: Language
) -> str:
    """What was examined and how: body parts, then the class."""
    known = classes.get(study["class"] or "")
    kind = known[lang] if known else say("class-unknown", lang)
    parts = [part_name(part, lang) for part in study["parts"]]
    return " · ".join([say("list-joint", lang).join(parts), kind] if parts else [kind])


def part_name(code: str, lang: Language) -> str:
    """A body part as people say it; a code that has no word is shown as it is."""
    return say(f"part-{code.lower()}", lang) if code.lower() in PARTS else code


def details(study: Mapping[str, Any], lang: Language) -> list[str]:
    """Side, contrast medium, protocols and the sender's own words for it."""
    found = []
    if study["laterality"]:
        found.append(say(f"side-{study['laterality'].lower()}", lang))
    if study["contrast"]:
        found.append(say(f"contrast-{study['contrast']}", lang))
    found += [say(f"protocol-{one}", lang) for one in study["protocols"] if one in PROTOCOLS]
    if study["description"]:
        found.append(study["description"])
    return found


def counts(study: Mapping[str, Any], lang: Language) -> str:
    """How many pictures are here, of how many."""
    if study["study"] is None:
        return ""
    received, expected = study["received"] or 0, study["expected"]
    if expected is None:
        return say("images-of-unknown", lang, received=received)
    return say("images-of", lang, received=received, expected=expected)


def lacks(study: Mapping[str, Any], lang: Language) -> str:
    """What is missing of the images, in a sentence; "" when nothing is known to be."""
    received, expected = study["received"] or 0, study["expected"]
    if study["study"] is None:
        return say("lacks-study", lang)
    if study["status"] in {"cancelled", "entered-in-error"}:
        return say("lacks-withdrawn", lang)
    if received == 0:
        return say("lacks-images", lang)
    if expected is not None and received < expected:
        return say("lacks-some", lang, missing=expected - received, expected=expected)
    if study["status"] == "registered":
        return say("lacks-arriving", lang)
    if study["retrievable"] is False or not study["images"]:
        return say("lacks-access", lang)
    return ""


def shown_series(study: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The series that hold pictures, in the order of their numbers."""
    found = [one for one in study["series"] if one["modality"] not in _NO_PICTURES]
    return sorted(found, key=lambda one: (one["number"] is None, one["number"] or 0))


def pictures(study: Mapping[str, Any]) -> list[dict[str, str]]:
    """The addresses of one small picture for each series; none where nothing can be shown."""
    if not study["images"] or not study["received"]:
        return []
    if study["status"] in {"cancelled", "entered-in-error"}:
        return []
    return [
        {
            "src": f"{series_address(study, one)}/thumbnail",
            "series": one["uid"],
            "text": one["description"],
        }
        for one in shown_series(study)[:_MOST_PICTURES]
    ]


def series_address(study: Mapping[str, Any], series: Mapping[str, Any]) -> str:
    """Where the images of a series are asked for (PS3.18)."""
    return f"{study['images']}/series/{series['uid']}"


def report(study: Mapping[str, Any], lang: Language) -> dict[str, Any] | None:
    """The report's words; None when nobody reported on the images."""
    found = study["report"]
    if found is None:
        return None
    status = found["status"] if found["status"] in REPORT_STATUSES else "unknown"
    return {
        "id": found["id"],
        "findings": found["findings"],
        "conclusion": found["conclusion"],
        "reviewers": say("list-joint", lang).join(found["reviewers"]),
        "issued": day_of(found["issued"]),
        "status": say(f"report-{status}", lang),
    }


REPORT_STATUSES: Final = (
    "registered",
    "partial",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "appended",
    "cancelled",
    "entered-in-error",
    "unknown",
)


def day_of(text: str) -> str:
    """The day and minute of a FHIR time, as it was stated; less where less was."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text[:10] if len(text) <= 10 else moment.strftime("%Y-%m-%d %H:%M")


MOST: Final = 10  # examinations a patient's page shows at once


def first_of(
    pictured: Sequence[Mapping[str, Any]], key: str | None, *, every: bool
) -> list[Mapping[str, Any]]:
    """The newest examinations, and the one that is looked at; all of them when it is asked."""
    return [one for n, one in enumerate(pictured) if every or n < MOST or one["key"] == key]


def chosen(
    studies: Sequence[Mapping[str, Any]], filters: Filters, on: date
) -> list[Mapping[str, Any]]:
    """The examinations that pass the filters."""
    return [
        one
        for one in studies
        if filters.category in (None, IMAGING)
        and (filters.verdict is None or outcome_of(one) == filters.verdict)
        and (filters.source is None or place_of(one) == filters.source)
        and is_within(age_of(one, on), filters.reach)
        and filters.only != ABNORMAL  # images have no interval to lie outside of
    ]
