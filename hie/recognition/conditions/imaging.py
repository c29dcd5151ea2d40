"""Gate 6: may these images stand in for those ordered? Rules R-601 to R-611.

Images are what is recognised: a report without them is none, and what its reader concluded is no
fact of any rule (R-610). A fact that is stated and does not fit fires; one that is missing on
either side leaves the rule unknown, which is never silently a pass.
"""

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts
from hie.terminology.study_words import tracer_words

_CHILD = 18  # years
# a study of such a kind answers a question of its own and no other
_LIMITED = frozenset({"low-dose", "screening", "portable"})
_SIDES = {"B": frozenset("LRB"), "L": frozenset("L"), "R": frozenset("R")}


@condition
def images_incomplete(facts: Facts) -> Answer:
    """R-601: no study, none of its images, not all of them, or they cannot be got.

    Unknown while nobody says how many there should be, how many there are, or whether they can be
    got.
    """
    study = facts.study
    short = study.received is not None and (
        study.received == 0 or (study.expected is not None and study.received < study.expected)
    )
    return answer(
        not study.exists or study.retrievable is False or short,
        study.expected is None or study.received is None or study.retrievable is None,
        instances_expected=study.expected,
        instances_received=study.received,
        images=_gettable(facts),
    )


@condition
def no_original_images(facts: Facts) -> Answer:
    """R-602: only secondary captures or photographs; unknown if no image's SOP class is."""
    original = facts.study.original
    return answer(original is False, original is None)


@condition
def other_part_or_side(facts: Facts) -> Answer:
    """R-603: an ordered body part is not among the study's, or it is of the other side.

    A study of both sides has the left and the right. A word for a body part that is not understood
    agrees with nothing and contradicts nothing.
    """
    ordered, parts = facts.ordered_parts, facts.study.parts
    side, has = facts.ordered_side, facts.study.laterality
    missing = ordered.codes - parts.codes if parts.codes and parts.understood else frozenset()
    known = bool(ordered.codes and parts.codes and ordered.understood)
    unclear = bool(ordered.codes - parts.codes) and not parts.understood
    return answer(
        bool(missing) or (side is not None and has is not None and side not in _SIDES[has]),
        not known or unclear or (side is not None and has is None),
        parts_ordered=sorted(ordered.codes) or None,
        parts=sorted(parts.codes) or None,
        side_ordered=side,
        side=has,
    )


@condition
def contrast_or_protocol_missing(facts: Facts) -> Answer:
    """R-604: contrast is ordered and the study is plain, or it lacks an ordered special protocol.

    Whether contrast is known matters only to classes that ask (CT, MRI).
    """
    ordered, has = facts.ordered_contrast, facts.contrast
    wanted, done = facts.ordered_protocols, facts.study.protocols
    lacking = wanted - done if done is not None else frozenset()
    return answer(
        (ordered is True and has == "none") or bool(lacking),
        ordered is None or has is None or (bool(wanted) and done is None),
        contrast_ordered=_contrast(ordered),
        contrast=has,
        protocols_ordered=sorted(wanted) or None,
        protocols=sorted(done) if done else None,
        protocols_missing=sorted(lacking) or None,
    )


@condition
def enhanced_for_plain(facts: Facts) -> Answer:
    """R-605: a plain study is ordered, and there is an enhanced one only."""
    ordered, has = facts.ordered_contrast, facts.contrast
    return answer(
        ordered is False and has == "enhanced",
        ordered is None or has is None,
        contrast_ordered=_contrast(ordered),
        contrast=has,
    )


@condition
def study_incomplete(facts: Facts) -> Answer:
    """R-606: what the class needs is not all there, or the study was of a limited kind.

    A mammogram is judged by the ordered side. Low-dose, screening and portable studies stand in
    only for an order of that kind.
    """
    complete = _complete(facts)
    limited = (facts.study.protocols or frozenset()) & _LIMITED - facts.ordered_protocols
    return answer(
        complete is False or bool(limited),
        complete is None,
        completeness=None if complete is None else "complete" if complete else "incomplete",
        protocols_limited=sorted(limited) or None,
    )


@condition
def class_needs_review(facts: Facts) -> Answer:
    """R-607: the class is always reviewed, or unless order and study state the same tracer."""
    review = facts.imaging_class.review if facts.imaging_class else None
    ordered = facts.order.tracer if facts.order else None
    has = facts.study.tracer
    words = tracer_words(ordered or "")
    agrees = bool(words) and words == tracer_words(has or "")
    return answer(
        review == "always" or (review == "unless-tracer-agrees" and not agrees),
        item=facts.candidate.item,
        tracer_ordered=ordered or None,
        tracer=has,
    )


@condition
def images_of_another(facts: Facts) -> Answer:
    """R-608: the images name another patient than the report; unknown if they name none."""
    identity = facts.study.identity if facts.study.exists else None
    return answer(identity == "different", identity is None)


@condition
def dose_to_spare(facts: Facts) -> Answer:
    """R-609: using these images spares a child or a pregnancy another dose (a notice)."""
    ionising = facts.imaging_class is not None and facts.imaging_class.ionising
    child = facts.age_years is not None and facts.age_years < _CHILD
    return answer(ionising and (child or facts.question.pregnant is True))


@condition
def conclusion_disregarded(facts: Facts) -> Answer:
    """R-610: the report's conclusion is no fact of any rule: this never fires."""
    return answer(False)


@condition
def images_slow(facts: Facts) -> Answer:
    """R-611: the images load slower than the target just now (a notice)."""
    return answer(facts.study.slow)


def _gettable(facts: Facts) -> str | None:
    study = facts.study
    if not study.exists:
        return "none"
    if study.retrievable is None:
        return None
    return "retrievable" if study.retrievable else "not-retrievable"


def _contrast(ordered: bool | None) -> str | None:
    return None if ordered is None else "enhanced" if ordered else "none"


def _complete(facts: Facts) -> bool | None:
    """Whether all is there that the ordered sides need; a side that is not told apart is the whole.

    Only a mammogram's sides are told apart.
    """
    study = facts.study
    sides = (study.complete_left, study.complete_right)
    if sides == (None, None):
        return study.complete
    if facts.ordered_side in ("L", "R"):
        return sides["LR".index(facts.ordered_side)]
    if False in sides:
        return False
    return None if None in sides else True
