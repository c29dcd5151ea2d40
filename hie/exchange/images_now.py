"""What holds of images at this moment: whether their source answers, and how fast they load.

Neither is a property of the study: an archive that is away makes no new version of every study it
keeps. Both become facts of the candidate and are stored with the check.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from hie.access.policy import Restriction
from hie.exchange.loading_times import loading_of
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.recognition.candidate import Candidate
from hie.store import studies as study_rows
from hie.store.results import as_known
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.versions import read_many

_ENDPOINT = "Endpoint"


@dataclass(frozen=True, slots=True)
class Now:
    """`reachable`: no endpoint of the study is known to be away; `slow`: slower than the target."""

    reachable: bool = True
    slow: bool = False

    def told(self, candidate: Candidate) -> Candidate:
        """The candidate with these facts: whether its images can be had is unknown while away."""
        study = candidate.study
        if study is None or self == Now():
            return candidate
        unknown = study.retrievable is True and not self.reachable
        retrievable = None if unknown else study.retrievable
        changed = msgspec.structs.replace(study, retrievable=retrievable, slow=self.slow)
        return msgspec.structs.replace(candidate, study=changed)


async def images_now(
    reader: Reader,
    studies: Mapping[str, Resource],
    sight: Restriction,
    known_at_us: int | None,
) -> dict[str, Now]:
    """What is true now of these studies, by id; of an earlier moment only what was recorded."""
    named = {key: set(_endpoints(study)) for key, study in studies.items()}
    endpoints = await read_many(reader, _ENDPOINT, set().union(*named.values()), sight)
    if known_at_us is not None:
        endpoints = await as_known(reader, _ENDPOINT, endpoints.values(), sight, known_at_us)
    away = {key for key, one in endpoints.items() if _is_away(one)}
    slow: set[str] = set()
    if known_at_us is None:
        loading = loading_of(reader.db)
        rows = await study_rows.by_resource(reader, studies)
        slow = {key for key, row in rows.items() if loading.is_slow(row.site)}
    return {key: Now(not named[key] & away, key in slow) for key in studies}


def _is_away(endpoint: Stored) -> bool:
    return endpoint.resource().get("status") in {"error", "off", "suspended"}


def _endpoints(study: Resource) -> Iterable[str]:
    found = (referenced(one) for one in study.get("endpoint", ()))
    return (one[1] for one in found if one is not None and one[0] == _ENDPOINT)
