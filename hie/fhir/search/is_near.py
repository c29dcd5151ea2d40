"""Whether a position is near another: as the crow flies, on a sphere (location.html#positional)."""

from math import asin, cos, radians, sin, sqrt
from typing import Any

from hie.fhir.search.values import Near

_RADIUS = 6_371_008.8  # metres, the mean radius of the Earth (IUGG)


def is_near(element: Any, asked: Near) -> bool:
    """Whether a Location.position lies within the distance asked for."""
    if not isinstance(element, dict) or not {"latitude", "longitude"} <= element.keys():
        return False
    here = float(element["latitude"]), float(element["longitude"])
    return _metres(here, (asked.latitude, asked.longitude)) <= asked.metres


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The haversine formula."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, place)) for place in (one, other))
    across = sin((lat2 - lat1) / 2) ** 2
    along = cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _RADIUS * asin(min(1.0, sqrt(across + along)))
