"""The body of a door that speaks flat JSON: said to be JSON in UTF-8, or not said at all."""

from starlette.requests import Request

from hie.errors import Fault, UnsupportedMedia

_READ = "application/json"


async def flat_body(request: Request) -> bytes:
    """The bytes sent. Raises UnsupportedMedia for another media type or character set.

    What says nothing of itself is read as JSON; a form or a plain text, which a page elsewhere may
    send without asking first, says so.
    """
    stated = request.headers.getlist("content-type")
    if len(stated) > 1 or (stated and not _is_json(stated[0])):
        fault = Fault("Content-Type", "media", f"{_READ} in UTF-8")
        raise UnsupportedMedia("the body is of another media type", (fault,))
    return await request.body()


def _is_json(stated: str) -> bool:
    media, *parameters = (part.strip().lower() for part in stated.split(";"))
    if not (media == _READ or (media.startswith("application/") and media.endswith("+json"))):
        return False
    charsets = [one.removeprefix("charset=").strip('"') for one in parameters if "charset" in one]
    return all(one in {"utf-8", "utf8"} for one in charsets)
