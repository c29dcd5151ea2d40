"""What the instances of a study say together: the facts that imaging rules look at.

Pure: records in, facts out; `hie.canonical.imaging` writes them as the extension `study-facts`.
None means unknown, because a tag is absent; False that a tag is there and says otherwise. Source:
recognition rules made precise, section 7 (study facts); classes by modality, else by SOP class.

    study_facts(records, stated=(), retrievable=None, identity=None) -> StudyFacts
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hie.canonical.completeness import Side, is_complete, is_complete_side, side_of, tracer_of
from hie.canonical.image_class import class_of, is_captured, is_image, study_class
from hie.canonical.image_series import by_series
from hie.canonical.study_identity import Identity
from hie.records import InstanceRecord
from hie.terminology.body_part import read_body_part
from hie.terminology.study_words import Contrast, join_contrast, read_contrast, read_protocols

_CAPTURES: Final = frozenset({"DF", "SD", "SI", "DRW"})  # (0008,0064): film, paper, screen, drawing
_TWO_SIDES: Final = frozenset({"L", "R"})


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
    tracer, activity = tracer_of(images)
    left, right = is_complete_side(own, "L"), is_complete_side(own, "R")
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
        complete=is_complete(klass, own),
        complete_left=left if klass == "MG" else None,
        complete_right=right if klass == "MG" else None,
        identity=identity,
        lossy=_all_or_any(one.instance.lossy for one in images),
        burned_in=_burned_in(images),
        rejected=len(rejected),
    )


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


def _laterality(images: Iterable[InstanceRecord]) -> Side | None:
    found = {side for one in images if (side := side_of(one)) is not None}
    if "B" in found or found == _TWO_SIDES:
        return "B"
    return found.pop() if found else None


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
    return any(not is_captured(one) and one.instance.conversion not in _CAPTURES for one in images)


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
