"""Section 7: body parts, protocols and tracers as an order or a study writes them."""

import re

from tests.conformance.second_opinion.words import fold

_ALIASES = {
    "THORAX": ["CHEST"], "LUNG": ["CHEST"], "BRAIN": ["HEAD"], "ABD": ["ABDOMEN"],
    "LUMBAR": ["LSPINE"], "LUMBARSPINE": ["LSPINE"], "CERVICALSPINE": ["CSPINE"],
    "CHESTABDOMEN": ["CHEST", "ABDOMEN"],
    "胸部": ["CHEST"], "肺部": ["CHEST"], "腹部": ["ABDOMEN"], "头部": ["HEAD"],
}  # fmt: skip
_PROTOCOLS = {
    "low-dose": ("低剂量", "low-dose"), "screening": ("筛查", "screening"),
    "portable": ("床旁", "portable"), "angiography": ("cta", "mra", "血管成像", "angiography"),
    "perfusion": ("灌注", "perfusion"),
}  # fmt: skip


def parts(said: object) -> tuple[set[str], bool]:
    """Body parts as DICOM codes, and whether one of them was not understood."""
    texts = [] if said is None else [said] if isinstance(said, str) else list(_each(said))
    found: set[str] = set()
    strange = False
    for one in re.split(r"[,\\、，]", ",".join(texts)):
        code = re.sub(r"\s", "", one).upper()
        if not code:
            continue
        known = _ALIASES.get(code, [code] if code.isascii() else [])
        found |= set(known)
        strange = strange or not known
    return found, strange


def _each(said: object) -> list[str]:
    return [str(one) for one in said] if isinstance(said, list | tuple) else []


def protocols_ordered(said: str | None) -> set[str]:
    """Protocols an order's text names; one nobody knows stands for itself."""
    if not said:
        return set()
    text = fold(said)
    return {p for p, ws in _PROTOCOLS.items() if any(w in text for w in ws)} or {text}


def tracer(said: str | None) -> tuple[str, str]:
    """Isotope and agent of a tracer, so that one tracer's spellings are equal."""
    text = re.sub(r"[\^\s\[\]()-]", "", fold(said or ""))
    text = text.replace("fluorodeoxyglucose", "fdg")
    nuclide = re.search(r"(\d{2,3})([a-z]{1,2})(?![a-z0-9]*\d)|([a-z]{1,2})(\d{2,3})", text)
    for pattern in (r"18f|f18", r"68ga|ga68", r"99mtc|tc99m", r"131i|i131"):
        found = re.search(pattern, text)
        if found:
            return pattern, text.replace(found[0], "")
    return ("", text) if not nuclide else (nuclide[0], text.replace(nuclide[0], ""))
