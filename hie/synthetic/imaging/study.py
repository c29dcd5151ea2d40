"""One imaging study as a department holds it: whom, what, when, and its series of pictures."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from numpy.typing import NDArray

from hie.synthetic.dice import dice
from hie.synthetic.institutions import Institution
from hie.synthetic.report import Identity


@dataclass(frozen=True, slots=True)
class Department:
    """The imaging department of one institution: its archive (PACS) and report system (RIS)."""

    institution: Institution
    archive: str  # site of the archive
    reports: str  # site of the report system
    aet: str  # calling AE title
    issuer: str  # object identifier of its patient index, shared by both systems
    prefix: str
    charset: str  # DICOM Specific Character Set
    packed: bool  # whether the archive keeps its pictures compressed, without loss
    readers: tuple[str, ...]
    maker: str = "SYNTHETIC"
    names_residents: bool = False  # whether the archive sends resident numbers too

    @property
    def labelled(self) -> str:
        """The institution's name as its pictures carry it: marked as invented."""
        return f"{self.institution.name}（合成）"


@dataclass(frozen=True, slots=True)
class Series:
    """Pictures taken in one go. `tags` hold for each picture; `each` adds what differs."""

    modality: str
    sop_class: str
    description: str
    draw: Callable[[], list[NDArray[Any]]]
    tags: dict[str, Any] = field(default_factory=dict)
    each: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """A study. `left_out` numbers pictures (by series and number) that the archive never sends."""

    department: Department
    identity: Identity
    klass: str  # XRAY CT MRI US NM MG
    key: str  # what makes its identifiers: stable under the same seed
    description: str
    body_part: str
    laterality: str
    started: datetime
    series: tuple[Series, ...]
    accession: str
    order: str
    tags: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[tuple[int, int], ...] = ()
    stated: int | None = None  # pictures of the whole study, as the archive says

    @property
    def uid(self) -> str:
        """The study's unique identifier."""
        return uid("study", self.key)

    def changed(self, **facts: Any) -> "Study":
        """The same study with other facts."""
        return replace(self, **facts)


_ROOT: Final = "2.25."  # identifiers made from 128 bits, ITU-T X.667


def uid(*subject: object) -> str:
    """A unique identifier that is the same for the same subject."""
    return _ROOT + str(dice("uid", *subject).getrandbits(122) | 1 << 121)
