"""What is known of one study's images, read from the study and from what its report says of it.

DICOM speaks first: the extension `study-facts`, made from the instances, before the plain elements
of an ImagingStudy, and the study before its report. The report fills what the study leaves open;
protocols and stated counts are taken from both. What nobody says is None, never a default.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from hie.fhir import ITEM, Resource, extension
from hie.fhir.elements import find_extension
from hie.terminology.body_part import NO_PARTS, Parts, read_body_parts
from hie.terminology.study_words import Contrast, read_contrast, read_protocols

Side = Literal["L", "R", "B"]
Likeness = Literal["same", "different"]

_FACTS = extension("study-facts")
# PS3.4 B.5: secondary capture, and photographs of what a film or screen shows
_CAPTURED = ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.4")
# structured reports, presentation states, segmentations and encapsulated documents are no images
_NO_IMAGE = tuple(f"1.2.840.10008.5.1.4.1.1.{root}" for root in ("11", "66", "88", "104"))
_SIDES = {"l": "L", "left": "L", "7771000": "L", "r": "R", "right": "R", "24028007": "R",
          "b": "B", "bilateral": "B", "51440002": "B"}  # fmt: skip


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of an imaging record; `exists` False: there is a report and no study at all.

    `parts` without codes are unknown; so are `protocols` None. `complete_left` and
    `complete_right` are a mammogram's own sides. `identity` compares what the images say of the
    patient with the report's. `slow`: the images load slower than the target at this moment.
    """

    exists: bool
    klass: str | None = None
    parts: Parts = NO_PARTS
    laterality: Side | None = None
    contrast: Contrast | None = None
    protocols: frozenset[str] | None = None
    tracer: str | None = None
    expected: int | None = None
    received: int | None = None
    retrievable: bool | None = None
    original: bool | None = None
    complete: bool | None = None
    complete_left: bool | None = None
    complete_right: bool | None = None
    identity: Likeness | None = None
    slow: bool = False


def read_study(
    study: Resource | None, report: Resource | None, modalities: Mapping[str, str]
) -> Study:
    """The facts of a study with its report, or of either alone.

    `modalities` gives the class of a modality, for a study that says no more than that.
    """
    own = _of_study(study, modalities) if study is not None else Study(exists=False)
    if report is None:
        return own
    return _joined(own, _of_report(report))


def _joined(own: Study, said: Study) -> Study:
    """The study's facts, and the report's where the study says nothing.

    The class is the images' alone: a report tells it by its code, and how sure that is.
    """
    known = [one.protocols for one in (own, said) if one.protocols is not None]
    counts = [one.expected for one in (own, said) if one.expected is not None]
    return msgspec.structs.replace(
        own,
        parts=own.parts if own.parts.codes else said.parts if said.parts.codes else own.parts,
        laterality=own.laterality or said.laterality,
        contrast=own.contrast or said.contrast,
        protocols=frozenset().union(*known) if known else None,
        tracer=own.tracer or said.tracer,
        expected=max(counts, default=None),
    )


def _of_study(study: Resource, modalities: Mapping[str, str]) -> Study:
    found = find_extension(study, _FACTS)
    read = _plain(study, modalities) if found is None else _stated(found, exists=True)
    match study.get("status"):
        case "cancelled" | "entered-in-error":
            return msgspec.structs.replace(read, retrievable=False)
        case "registered" if read.retrievable:  # it is still arriving
            return msgspec.structs.replace(read, retrievable=None)
    return read


def _of_report(report: Resource) -> Study:
    found = find_extension(report, _FACTS)
    read = Study(exists=False) if found is None else _stated(found, exists=False)
    texts = list(_words(report.get("code")))
    changes: dict[str, Any] = {"contrast": read.contrast or read_contrast(texts)}
    protocols = read_protocols(texts)
    if texts:
        changes["protocols"] = protocols | (read.protocols or frozenset())
    return msgspec.structs.replace(read, **changes)


def _stated(found: Mapping[str, Any], *, exists: bool) -> Study:
    """The facts of an extension `study-facts`."""
    facts: dict[str, list[Any]] = {}
    for one in found.get("extension", ()):
        value = next((one[key] for key in one if key.startswith("value")), None)
        if value is not None:
            facts.setdefault(str(one.get("url", "")).rsplit("/", 1)[-1], []).append(value)

    def truth(name: str) -> bool | None:
        value = facts.get(name, [None])[0]
        return value if isinstance(value, bool) else None

    def word(name: str) -> str | None:
        value = facts.get(name, [None])[0]
        return value if isinstance(value, str) and value else None

    def number(name: str) -> int | None:
        value = facts.get(name, [None])[0]
        counts = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return value if counts else None

    protocols = frozenset(p for p in facts.get("protocol", ()) if isinstance(p, str))
    side, contrast, identity = word("laterality"), word("contrast"), word("identity")
    return Study(
        exists=exists,
        klass=word("class"),
        parts=read_body_parts(p for p in facts.get("body-part", ()) if isinstance(p, str)),
        laterality=_one_of(side, Side),
        contrast=_one_of(contrast, Contrast),
        protocols=protocols if protocols or truth("texts") else None,
        tracer=word("tracer"),
        expected=number("expected"),
        received=number("received"),
        retrievable=truth("retrievable"),
        original=truth("original"),
        complete=truth("complete"),
        complete_left=truth("complete-left"),
        complete_right=truth("complete-right"),
        identity=_one_of(identity, Likeness),
    )


def _one_of(value: str | None, allowed: Any) -> Any:
    return value if value in get_args(allowed) else None


def _plain(study: Resource, modalities: Mapping[str, str]) -> Study:
    """The facts an ImagingStudy of another maker states in its own elements.

    `available` means that the images can be got (FHIR imagingstudy-status); how many of them the
    hub holds is known only when it lists them.
    """
    series: list[Resource] = study.get("series", [])
    instances = [one for part in series for one in part.get("instance", ())]
    texts = [
        text
        for text in (study.get("description"), *(one.get("description") for one in series))
        if text
    ]
    for concept in study.get("procedureCode", ()):
        texts += _words(concept)
    concepts = (*study.get("modality", ()), *(part.get("modality", {}) for part in series))
    codes = [one.get("code") for one in concepts]
    return Study(
        exists=True,
        klass=class_of_modalities((code for code in codes if code), modalities),
        parts=read_body_parts(filter(None, map(_site, series))),
        laterality=_laterality(series),
        contrast=read_contrast(texts),
        protocols=read_protocols(texts) if texts else None,
        expected=_expected(study, series),
        received=len(instances) or None,
        retrievable=True if study.get("status") == "available" else None,
        original=_original(one.get("sopClass", {}).get("code") for one in instances),
    )


def class_of_modalities(codes: Iterable[str], modalities: Mapping[str, str]) -> str | None:
    """The one class of a study's modalities; a hybrid with nuclear medicine is that; else None."""
    found = {modalities[code] for code in codes if code in modalities}
    if "NM" in found:
        return "NM"
    return found.pop() if len(found) == 1 else None


def _expected(study: Resource, series: Iterable[Resource]) -> int | None:
    """The largest count anybody stated, else the highest numbers, when they run from 1."""
    counts = [part.get("numberOfInstances") for part in series]
    stated = [study.get("numberOfInstances")]
    if counts and None not in counts:
        stated.append(sum(count for count in counts if count is not None))
    known = [count for count in stated if isinstance(count, int)]
    if known:
        return max(known)
    total = 0
    for part in series:
        numbers = [one.get("number") for one in part.get("instance", ())]
        if not numbers or None in numbers or min(numbers) != 1:
            return None
        total += max(numbers)
    return total or None


def _original(classes: Iterable[str | None]) -> bool | None:
    """Some image is no capture and no photograph; None when no image's class is known."""
    known = [one.removeprefix("urn:oid:") for one in classes if one]
    images = [one for one in known if not _under(one, _NO_IMAGE)]
    return any(not _under(one, _CAPTURED) for one in images) if images else None


def _under(uid: str, roots: Iterable[str]) -> bool:
    return any(uid == root or uid.startswith(f"{root}.") for root in roots)


def _site(series: Resource) -> str | None:
    site = series.get("bodySite") or {}
    code = site.get("code") or ""
    return site.get("display") or (code if not code.isdigit() else None)


def _laterality(series: Iterable[Resource]) -> Side | None:
    found = set()
    for part in series:
        side = part.get("laterality") or {}
        for said in (side.get("code"), side.get("display")):
            known = _SIDES.get((said or "").casefold())
            if known:
                found.add(known)
    if not found:
        return None
    only: Side | None = _one_of(found.pop() if len(found) == 1 else "B", Side)
    return only


def _words(concept: Mapping[str, Any] | None) -> Iterator[str]:
    """A concept's text and the displays of its codings; the hub's own coding has no words."""
    for text in (
        (concept or {}).get("text"),
        *(c.get("display") for c in (concept or {}).get("coding", ()) if c.get("system") != ITEM),
    ):
        if text:
            yield text
