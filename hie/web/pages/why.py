"""Every reason of an assessment, gate by gate, in one language or both, with the text it rests on.

Pure: an answer's candidate and the rulebook in, plain dicts for the template out. Nothing is judged
here, and nothing is left out: a rule that did not fire is a reason as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hie.recognition.rulebook import Rule, Rulebook
from hie.web.language import Language
from hie.web.pages.view import NOTICES


def gates(candidate: Mapping[str, Any], rulebook: Rulebook, lang: Language) -> list[dict[str, Any]]:
    """The gates that were reached, each with all its findings: what speaks against it first.

    A text that findings rest on is told by its title once, where it is met first.
    """
    found: dict[int, list[dict[str, Any]]] = {}
    for finding in candidate["findings"]:
        found.setdefault(int(finding["rule"][2]), []).append(_finding(finding, rulebook, lang))
    shown = [_gate(number, entries, rulebook, lang) for number, entries in sorted(found.items())]
    _lead(shown, candidate["outcome"])
    told: set[str] = set()
    for basis in (one for gate in shown for entry in gate["findings"] for one in entry["basis"]):
        basis["first"] = basis["code"] not in told
        told.add(basis["code"])
    return shown


def _lead(shown: Sequence[dict[str, Any]], outcome: str) -> None:
    """Mark what decided: what fired against it; for a review where nothing did, what is not known.

    Its gate stands open, so that nobody looks for the reason.
    """
    every = [entry for gate in shown for entry in gate["findings"]]
    fired = [one for one in every if one["state"] == "fired" and one["css"] == "n"]
    unknown = [one for one in every if one["state"] == "unknown"]
    decided = fired or (unknown if outcome != "recognise" else [])
    for entry in every:
        entry["leads"] = entry in decided
    for gate in shown:
        gate["open"] = any(entry["leads"] for entry in gate["findings"])


def _gate(
    number: int, entries: Sequence[Mapping[str, Any]], rulebook: Rulebook, lang: Language
) -> dict[str, Any]:
    gate = rulebook.gate(number)
    speaking = [one for one in entries if one["state"] != "passed"]
    against = [one for one in speaking if one["css"] != "y"]
    signs = [one["sign"] for one in speaking if one["css"] != "y"]
    return {
        "number": number,
        "title": gate.title[lang] if gate else "",
        "other_title": gate.title[_other(lang)] if gate else "",
        "findings": sorted(entries, key=_speaks, reverse=True),
        "spoke": len(speaking),
        "against": len(against),
        "sign": "!" if "!" in signs else "?" if signs else "✓",
        "css": "n" if "!" in signs else "q" if signs else "y",
        "notices": [one["text"] for one in speaking if one["css"] == "y"],
    }


def _speaks(finding: Mapping[str, Any]) -> int:
    """What fired against it, what is not known, what speaks for it; the rest keeps its order."""
    weight = {"fired": 3, "unknown": 2, "passed": 0}[finding["state"]]
    return 1 if finding["state"] == "fired" and finding["css"] == "y" else weight


def _finding(finding: Mapping[str, Any], rulebook: Rulebook, lang: Language) -> dict[str, Any]:
    state = "fired" if finding["fired"] else "unknown" if finding["unknown"] else "passed"
    is_notice = finding["fired"] and finding["rule"] in NOTICES
    rule = rulebook.rules.get(finding["rule"])
    text = finding["text"]
    return {
        "rule": finding["rule"],
        "title": rule.title[lang] if rule else "",
        "text": text[lang],
        "other_text": text[_other(lang)],
        "state": state,
        "sign": "✓" if is_notice else {"fired": "!", "unknown": "?", "passed": "✓"}[state],
        "css": "y" if is_notice else {"fired": "n", "unknown": "q", "passed": "y"}[state],
        "basis": bases(finding["basis"], rule, rulebook, lang),
    }


def bases(code: str, rule: Rule | None, rulebook: Rulebook, lang: Language) -> list[dict[str, Any]]:
    """The texts a finding rests on: code, title, and where it can be read, "" where nowhere is."""
    codes = dict.fromkeys((code, *(rule.basis_also if rule else ())))
    found: list[dict[str, Any]] = []
    for one in codes:
        known = rulebook.basis.get(one)
        found.append(
            {
                "code": one,
                "title": known.title[lang] if known else one,
                "href": (known.address or known.seen_at) if known else "",
            }
        )
    return found


def _other(lang: Language) -> Language:
    return "en" if lang == "zh" else "zh"
