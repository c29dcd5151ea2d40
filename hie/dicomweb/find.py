"""The study a DICOMweb address names, as far as the caller may see it, and its files."""

from dataclasses import dataclass

from starlette.requests import Request

from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.dicomweb.answers import hub_of
from hie.errors import ResourceNotFound
from hie.oauth.door import actor_in
from hie.store import instances, studies, versions
from hie.store.instances import StoredInstance
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.studies import StudyRow, StudyState

STUDY = "ImagingStudy"


@dataclass(frozen=True, slots=True)
class Found:
    """A visible study: its resource, its row, and the instances the address names."""

    stored: Stored
    row: StudyRow
    instances: tuple[StoredInstance, ...]

    @property
    def seen(self) -> tuple[str, str]:
        """What the audit names: home and versioned reference."""
        return self.stored.home, self.stored.reference


async def find(request: Request) -> Found:
    """What the address names; at least one instance, kept here or at its source.

    Raises NotPermitted, and ResourceNotFound for what is not there or not visible.
    """
    names = request.path_params
    series, sop = names.get("series"), names.get("instance")
    restriction = permit_type(actor_in(request), STUDY, Interaction.READ)
    async with hub_of(request).db.reading() as reader:
        ids = await studies.ids_of(reader, names["study"], names.get("site"))
        visible = await versions.read_many(reader, STUDY, ids, restriction)
        rows = await studies.by_resource(reader, visible)
        row = await _best(reader, list(rows.values()))
        if row is None:
            raise ResourceNotFound("no such study here")
        found = await instances.listed(reader, row.site, row.uid, series, sop)
    if not found:
        raise ResourceNotFound("no such series or instance in this study")
    return Found(visible[row.id], row, tuple(found))


async def _best(reader: Reader, rows: list[StudyRow]) -> StudyRow | None:
    """Of copies of one study at several sites: a published one, with the most instances."""
    if len(rows) < 2:
        return rows[0] if rows else None
    sizes = {row.id: (await instances.counts(reader, row.site, row.uid))[1] for row in rows}
    return max(
        rows, key=lambda row: (row.state is StudyState.PUBLISHED, sizes[row.id], -row.first_us)
    )


def base_of(request: Request, site: str) -> str:
    """The DICOMweb base of a site, as its Endpoint says."""
    return f"{hub_of(request).settings.address}/dicom-web/sites/{site}"


def address_of(request: Request, one: StoredInstance) -> str:
    """The address of one instance."""
    base = base_of(request, one.site)
    return f"{base}/studies/{one.study}/series/{one.series}/instances/{one.sop}"
