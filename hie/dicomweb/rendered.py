"""WADO-RS rendered and thumbnail: frames as PNG or JPEG for people to look at (PS3.18 10.4.1.1.3).

A picture is for orientation; what is measured or compared is the frame itself.
"""

from starlette.requests import Request
from starlette.responses import Response

from hie.audit.event import EventType
from hie.dicomweb.answers import answered, pool_of, recorded, timed
from hie.dicomweb.at_hand import at_hand
from hie.dicomweb.find import Found, find
from hie.dicomweb.media import wanted
from hie.dicomweb.retrieve import frame_numbers, only
from hie.errors import Fault, InvalidRequest, NotAcceptable
from hie.store.instances import StoredInstance

THUMBNAIL = 128  # pixels of the longer side
_LARGEST = 8192
_PICTURES = ("image/jpeg", "image/png")
# SOP classes without pictures, which a preview passes over (PS3.4 B.5).
_NO_PICTURE = tuple(
    f"1.2.840.10008.5.1.4.1.1.{part}" for part in ("11.", "66", "67", "88.", "104.", "9.", "481.3")
)


@answered
async def rendered(request: Request) -> Response:
    """GET an instance or one frame …/rendered?window=40,400&viewport=512,512."""
    only(request, "window", "viewport", "quality")
    window = _window(request.query_params.get("window"))
    longest = _viewport(request.query_params.get("viewport"))
    return await _picture(request, await find(request), window=window, longest=longest)


@answered
async def thumbnail(request: Request) -> Response:
    """GET a study, series, instance or frame …/thumbnail: the middle picture, made small."""
    only(request, "viewport")
    longest = _viewport(request.query_params.get("viewport")) or THUMBNAIL
    return await _picture(request, await find(request), window=None, longest=min(longest, 512))


async def _picture(
    request: Request, found: Found, *, window: tuple[float, float] | None, longest: int | None
) -> Response:
    media = next((kind for one in wanted(request) for kind in _PICTURES if one.takes(kind)), None)
    if media is None:
        fault = Fault("Accept", "not-acceptable", " or ".join(_PICTURES))
        raise NotAcceptable("pictures are JPEG or PNG", (fault,))
    instance = _representative(found)
    numbers = frame_numbers(request.path_params.get("frames", "1"))
    with timed(request, found.row.site):
        file = await at_hand(request, found, instance)
        asked = {
            "do": "picture",
            "path": str(file.path),
            "frame": numbers[0],
            "media": media,
            "window": window,
            "longest": longest,
        }
        kind, data = await pool_of(request).whole(asked)
    await recorded(request, EventType.READ, [found.seen])
    return Response(data, media_type=kind, headers={"Cache-Control": "no-store"})


def _representative(found: Found) -> StoredInstance:
    """The instance itself; of several, the middle one of the largest series with pictures."""
    shown = [one for one in found.instances if not one.sop_class.startswith(_NO_PICTURE)]
    series: dict[str, list[StoredInstance]] = {}
    for one in shown or found.instances:
        series.setdefault(one.series, []).append(one)
    largest = max(series.values(), key=len)
    return largest[len(largest) // 2]


def _window(text: str | None) -> tuple[float, float] | None:
    """The window of `center,width` or `center,width,linear` (PS3.18 8.3.5.1.4)."""
    if text is None:
        return None
    parts = text.split(",")
    try:
        center, width = float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        center, width = 0.0, 0.0
    linear = len(parts) == 2 or (len(parts) == 3 and parts[2].lower() == "linear")
    if not (linear and 1 <= width <= 1e9 and abs(center) <= 1e9):
        expected = "center,width or center,width,linear; a width of at least 1"
        raise InvalidRequest("window", (Fault("window", "invalid-value", expected),))
    return center, width


def _viewport(text: str | None) -> int | None:
    """The longest side that fits into `width,height` (PS3.18 8.3.5.1.3)."""
    if text is None:
        return None
    parts = text.split(",")
    whole = [int(part[:8]) for part in parts if part.isascii() and part.isdigit()]
    if len(parts) != 2 or len(whole) != 2 or not all(0 < size <= _LARGEST for size in whole):
        expected = f"width,height from 1 to {_LARGEST}"
        raise InvalidRequest("viewport", (Fault("viewport", "invalid-value", expected),))
    return min(whole)
