"""A refusal of a search names its parameter, says what is wrong with it and what was expected."""

from collections.abc import Iterable
from difflib import get_close_matches

from hie.errors import Fault, InvalidRequest, NotSupported, TooCostly
from hie.fhir.search.separators import unescape

_LONGEST_NAME = 64  # of the caller's text, which is shown again


def bad(parameter: str, code: str, expected: str) -> InvalidRequest:
    """A value that is none, or a parameter that is none."""
    return InvalidRequest(f"parameter {_shown(parameter)!r}", (_fault(parameter, code, expected),))


def unknown(parameter: str, known: Iterable[str]) -> InvalidRequest:
    """A parameter that is none: which one may have been meant, and all there are."""
    names = sorted(known)
    near = get_close_matches(_shown(parameter).partition(":")[0], names, n=1)
    meant = f"perhaps {near[0]}; one of " if near else ""
    return bad(parameter, "unknown-parameter", meant + ", ".join(names))


def unanswered(parameter: str, expected: str) -> NotSupported:
    """What R4 has and the hub does not answer."""
    words = f"{_shown(parameter)} is not answered"
    return NotSupported(words, (_fault(parameter, "not-supported", expected),))


def costly(parameter: str, code: str, expected: str) -> TooCostly:
    """What would cost too much to answer."""
    words = f"{_shown(parameter)}: {expected}"
    return TooCostly(words, (_fault(parameter, code, expected),))


def plain(name: str, text: str) -> str:
    """The characters a value means. Raises InvalidRequest for a backslash before anything else."""
    found = unescape(text)
    if found is None:
        raise bad(name, "wrong-escape", "a backslash before , | $ or a backslash")
    return found


def _fault(parameter: str, code: str, expected: str) -> Fault:
    return Fault(_shown(parameter), code, expected)


def _shown(parameter: str) -> str:
    return parameter[:_LONGEST_NAME]
