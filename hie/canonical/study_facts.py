"""What the instances of a study say together: the facts that imaging rules look at.

Pure: records in, facts out; `hie.canonical.imaging` writes them as the extension `study-facts`.
None means unknown, because a tag is absent; False that a tag is there and says otherwise. Source:
recognition rules made precise, section 7 (study facts); classes by modality, else by SOP class.

    study_facts(records, stated=(), retrievable=None, identity=None) -> StudyFacts
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from hie.canonical.image_series import SeriesImages, by_series, is_even
from hie.canonical.study_identity import Identity
from hie.records import InstanceRecord
from hie.terminology.body_part import read_body_part
from hie.terminology.study_words import Contrast, join_contrast, read_contrast, read_protocols

Side = Literal["L", "R", "B"]

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_BY_MODALITY: Final = {
    "CR": "XRAY", "DX": "XRAY", "DR": "XRAY", "CT": "CT", "MR": "MRI", "US": "US", "IVUS": "US",
    "BDUS": "US", "NM": "NM", "PT": "NM", "ST": "NM", "MG": "MG",
}  # fmt: skip
# X-ray of other kinds: kept, of none of the six classes.
_OTHER_MODALITIES: Final = frozenset({"RF", "XA", "IO", "PX", "RG"})
_BY_SOP_CLASS: Final = {
    "1": "XRAY", "1.1": "XRAY", "1.1.1": "XRAY", "2": "CT", "2.1": "CT", "2.2": "CT", "4": "MRI",
    "4.1": "MRI", "4.3": "MRI", "4.4": "MRI", "6": "US", "6.1": "US", "6.2": "US", "3": "US",
    "3.1": "US", "20": "NM", "5": "NM", "128": "NM", "128.1": "NM", "130": "NM", "1.2": "MG",
    "1.2.1": "MG", "13.1.3": "MG", "13.1.4": "MG", "13.1.5": "MG",
}  # fmt: skip
# No images: structured reports and key objects, presentation states, registrations,
# segmentations, waveforms, encapsulated documents, radiotherapy other than its images.
_NO_IMAGE: Final = ("11", "66", "67", "68", "88", "104", "9", "78", "79", "481.2", "481.3",
                    "481.4", "481.5", "481.6", "481.7", "481.8", "481.9")  # fmt: skip
# PS3.4 annex B.5: secondary capture, and photographs.
_CAPTURED: Final = ("7", "77.1.4")
_CAPTURES: Final = frozenset({"DF", "SD", "SI", "DRW"})  # (0008,0064): film, paper, screen, drawing
_AXIAL: Final = frozenset({"AXIAL", "VOLUME"})  # the latter of enhanced objects
_TWO_SIDES: Final = frozenset({"L", "R"})
_VIEWS: Final = frozenset({"CC", "MLO"})
_SHORT_ECHO, _SHORT_REPETITION = Decimal(30), Decimal(1000)  # ms


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The facts of one study; `texts`: some text existed, so that no protocol means none."""

    klass: str | None
    body_parts: tuple[str, ...]
    laterality: Side | None
    contrast: Contrast | None
    protocols: tuple[str, ...]
    texts: bool
    tracer: str | None
    activity: Decimal | None
    expected: int | None
    received: int
    retrievable: bool | None
    original: bool | None
    complete: bool | None
    complete_left: bool | None
    complete_right: bool | None
    identity: Identity | None
    lossy: bool | None
    burned_in: str | None
    rejected: int


def study_facts(
    records: Sequence[InstanceRecord],
    *,
    stated: Iterable[int] = (),
    counts_header: bool = True,
    retrievable: bool | None = None,
    identity: Identity | None = None,
) -> StudyFacts:
    """The facts of the current instances of one study, rejection notes among them.

    `stated`: how many instances others said there are (a manifest, the source's QIDO answer, the
    report); `counts_header`: whether (0020,1208) and (0020,1209) count too, as the profile's
    `study.expected` says. `retrievable`: the images can be had now; None while they arrive.
    """
    whole = {one.instance.uid: one for one in records}
    rejected = {uid for one in records for uid in one.instance.rejects} & whole.keys()
    kept = [one for uid, one in whole.items() if uid not in rejected]
    images = [one for one in kept if is_image(one)]
    klass = study_class(images)
    texts = list(dict.fromkeys(_texts(kept)))
    medium = any(one.instance.contrast_agent is not None for one in images)
    own = [one for one in images if class_of(one) == klass] if klass else images
    tracer, activity = _tracer(images)
    left, right = _mammogram(own, "L"), _mammogram(own, "R")
    return StudyFacts(
        klass=klass,
        body_parts=_body_parts(images),
        laterality=_laterality(images),
        contrast=join_contrast(read_contrast(texts), "enhanced" if medium else None),
        protocols=tuple(sorted(read_protocols(texts))),
        texts=bool(texts),
        tracer=tracer,
        activity=activity,
        expected=_expected(list(whole.values()), stated, counts_header=counts_header),
        received=len(kept),
        retrievable=retrievable,
        original=_original(images),
        complete=_COMPLETE[klass](own) if klass in _COMPLETE else None,
        complete_left=left if klass == "MG" else None,
        complete_right=right if klass == "MG" else None,
        identity=identity,
        lossy=_all_or_any(one.instance.lossy for one in images),
        burned_in=_burned_in(images),
        rejected=len(rejected),
    )


def is_image(record: InstanceRecord) -> bool:
    """Whether the instance is an image, not an object that speaks about images."""
    return not _under(record.instance.sop_class, _NO_IMAGE)


def class_of(record: InstanceRecord) -> str | None:
    """The class of one image; None: not one of the six, or a private SOP class."""
    sop_class = record.instance.sop_class
    if not sop_class.startswith("1.2.840.10008."):
        return None
    modality = record.series.modality or ""
    if modality in _OTHER_MODALITIES:
        return None
    return _BY_MODALITY.get(modality) or _BY_SOP_CLASS.get(sop_class.removeprefix(_STORAGE))


def study_class(images: Iterable[InstanceRecord]) -> str | None:
    """The one class of a study's images; with nuclear medicine among them, that; else None."""
    found = {klass for one in images if (klass := class_of(one)) is not None}
    if "NM" in found:
        return "NM"
    return found.pop() if len(found) == 1 else None


def _under(sop_class: str, roots: Collection[str]) -> bool:
    rest = sop_class.removeprefix(_STORAGE)
    return rest != sop_class and any(rest == root or rest.startswith(f"{root}.") for root in roots)


def _texts(records: Iterable[InstanceRecord]) -> Iterator[str]:
    """Study, series and procedure texts."""
    for one in records:
        for val in (one.study.description, one.series.description, one.series.protocol):
            if val is not None:
                yield val.text
        for procedure in one.study.procedures:
            yield from (t for t in (procedure.display, procedure.text) if t)


def _body_parts(images: Iterable[InstanceRecord]) -> tuple[str, ...]:
    """Codes of PS3.16 annex L; a text that is not understood stands as it was sent."""
    sent = dict.fromkeys(
        part for one in images for part in (one.instance.body_parts or one.series.body_parts)
    )
    found: dict[str, None] = {}
    for text in sent:
        parts = read_body_part(text)
        if parts.understood:
            found.update(dict.fromkeys(sorted(parts.codes)))
        elif plain := " ".join(text.split()):
            found[plain] = None
    return tuple(sorted(found))


def side_of(record: InstanceRecord) -> Side | None:
    """The side an image shows; None: not stated, or unpaired."""
    side = record.instance.laterality or record.series.laterality
    return side if side in ("L", "R", "B") else None  # type: ignore[return-value]


def _laterality(images: Iterable[InstanceRecord]) -> Side | None:
    found = {side for one in images if (side := side_of(one)) is not None}
    if "B" in found or found == _TWO_SIDES:
        return "B"
    return found.pop() if found else None


def _tracer(images: Iterable[InstanceRecord]) -> tuple[str | None, Decimal | None]:
    """Every tracer stated, and the largest activity."""
    kept = list(images)
    tracers = {one.instance.tracer.text for one in kept if one.instance.tracer is not None}
    activities = [one.instance.activity for one in kept if one.instance.activity is not None]
    return ", ".join(sorted(tracers)) or None, max(activities, default=None)


def _expected(
    records: Sequence[InstanceRecord], stated: Iterable[int], *, counts_header: bool
) -> int | None:
    """The largest count anybody stated, else the highest numbers, when they run from 1."""
    counts = [count for count in stated if count > 0]
    series = by_series(records)
    if counts_header:
        counts += [n for one in records if (n := one.study.stated_instances) is not None]
        per_series = [
            max((n for one in part if (n := one.series.stated_instances) is not None), default=None)
            for part in series.values()
        ]
        if per_series and None not in per_series:
            counts.append(sum(n for n in per_series if n is not None))
    if counts:
        return max(counts)
    total = 0
    for part in series.values():
        numbers = [one.instance.number for one in part]
        known = [n for n in numbers if n is not None]
        if len(known) != len(numbers) or min(known) != 1:
            return None
        total += max(known)
    return total or None


def _original(images: Sequence[InstanceRecord]) -> bool | None:
    """Some image is no capture and no photograph; None without images."""
    if not images:
        return None
    return any(
        not _under(one.instance.sop_class, _CAPTURED) and one.instance.conversion not in _CAPTURES
        for one in images
    )


def _all_or_any(values: Iterable[bool | None]) -> bool | None:
    """True if any is; False if all are known not to be."""
    found = set(values)
    if True in found:
        return True
    return False if found == {False} else None


def _burned_in(images: Iterable[InstanceRecord]) -> str | None:
    found = {(one.instance.burned_in or "").lower() for one in images}
    if "yes" in found:
        return "yes"
    return "no" if found == {"no"} else None


def _xray(images: Sequence[InstanceRecord]) -> bool | None:
    """Every image has a ViewPosition."""
    return True if images and all(one.instance.view for one in images) else None


def _ct(images: Sequence[InstanceRecord]) -> bool | None:
    """One original axial series with even slice spacing."""
    answers = [_axial(part) for part in by_series(images).values()]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _axial(series: SeriesImages) -> bool | None:
    """Whether the original axial images of a series are evenly spaced (ImageType 1 and 3)."""
    originals, unclear = [], False
    for one in series:
        words = one.instance.image_type
        if not words or (words[0] == "ORIGINAL" and len(words) < 3):
            unclear = True
        elif words[0] == "ORIGINAL" and words[2] in _AXIAL:
            originals.append(one)
    if originals:
        return is_even(originals)
    return None if unclear else False


def _mri(images: Sequence[InstanceRecord]) -> bool | None:
    """Two or more distinct sequences."""
    found = [_sequence(part) for part in by_series(images).values()]
    known = {one for one in found if one is not None}
    if len(known) > 1:
        return True
    return None if None in found or not found else False


def _sequence(series: SeriesImages) -> tuple[str, ...] | None:
    """What a series was made with: sequence names and weighting; planes do not matter."""
    named = min((one.instance for one in series if one.instance.sequences), default=None,
                key=lambda one: one.sequences)  # fmt: skip
    if named is None:
        return None
    echo, repetition = named.echo_time, named.repetition_time
    long_echo = "" if echo is None else "long" if echo >= _SHORT_ECHO else "short"
    long_repetition = (
        "" if repetition is None else "long" if repetition >= _SHORT_REPETITION else "short"
    )
    return (*named.sequences, long_echo, long_repetition)


def _us(images: Sequence[InstanceRecord]) -> bool | None:
    """One stored frame."""
    return True if any(one.instance.frames for one in images) else None


def _nm(images: Sequence[InstanceRecord]) -> bool | None:
    """Tracer and activity."""
    tracer, activity = _tracer(images)
    if activity is not None and activity <= 0:
        return False
    return True if tracer is not None and activity is not None else None


def _mg(images: Sequence[InstanceRecord]) -> bool | None:
    """CC and MLO of both sides; an order for one side asks that side alone."""
    sides = (_mammogram(images, "L"), _mammogram(images, "R"))
    if False in sides:
        return False
    return None if None in sides else True


def _mammogram(images: Sequence[InstanceRecord], side: Side) -> bool | None:
    """CC and MLO of this side."""
    shown = {one.instance.view for one in images if side_of(one) in (side, "B")}
    if shown >= _VIEWS:
        return True
    unclear = any(one.instance.view is None or side_of(one) is None for one in images)
    return None if unclear else False


_COMPLETE: Final[dict[str, Callable[[Sequence[InstanceRecord]], bool | None]]] = {
    "XRAY": _xray,
    "CT": _ct,
    "MRI": _mri,
    "US": _us,
    "NM": _nm,
    "MG": _mg,
}
