r"""The separators of search values, and how a value says that it means the character itself.

`,` parts values, `|` a system from its code, `$` the parts of a composite; a backslash before one
of these, or before a backslash, takes the character as it is (FHIR R4 search.html#escaping).
"""

_SPECIAL = frozenset(",|$\\")


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that are not escaped; escapes in them still stand."""
    if "\\" not in text:
        return text.split(separator)
    parts: list[str] = []
    start = at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == separator:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str | None:
    """The value meant; None when a backslash escapes nothing that can be escaped."""
    if "\\" not in text:
        return text
    found: list[str] = []
    characters = iter(text)
    for character in characters:
        meant = next(characters, "") if character == "\\" else character
        if character == "\\" and meant not in _SPECIAL:
            return None
        found.append(meant)
    return "".join(found)
