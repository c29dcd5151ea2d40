"""Pictures for the viewer: pydicom's own samples, and an earlier CT, as studies of one person.

Each sample is a series of one study: the ways in which pictures are stored, side by side.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

# By what each shows; of the multi-frame ones the viewer shows the first frame first.
SAMPLES = {
    "16 bits, signed": "MR_small.dcm",
    "signed CT, JPEG 2000": "693_J2KI.dcm",
    "12 bits in 16": "examples_overlay.dcm",
    "8 bits, deflated": "image_dfl.dcm",
    "palette": "examples_palette.dcm",
    "RGB": "examples_rgb_color.dcm",
    "RGB in planes, big endian": "ExplVR_BigEnd.dcm",
    "YBR, JPEG, 30 frames": "examples_ybr_color.dcm",
    "YBR 4:2:2, plain": "SC_ybr_full_422_uncompressed.dcm",
    "RGB, RLE, 2 frames": "SC_rgb_rle_2frame.dcm",
    "16-bit colour": "SC_rgb_rle_16bit.dcm",
    "one bit": "liver_1frame.dcm",
}
DOSE = 6.8  # CTDIvol in mGy, of the one below
TABLE = "a table of greys"  # another: no window, but a VOI LUT
NEGATIVE = "MONOCHROME1"  # a sample made of another: bright and dark change places


@dataclass(frozen=True)
class Sample:
    """A sample as it was sent; `content` is the file."""

    name: str
    content: bytes

    @property
    def data(self) -> Dataset:
        """The data set."""
        return dcmread(io.BytesIO(self.content))


def samples_of(like: Dataset, today: date) -> list[Sample]:
    """All samples as series of one study of the person a picture is of."""
    study, made = str(generate_uid()), []
    named = [*SAMPLES.items(), (TABLE, "MR_small.dcm"), (NEGATIVE, "CT_small.dcm")]
    for number, (name, file) in enumerate(named, 1):
        data = dcmread(str(get_testdata_file(file, download=False)))
        if name == NEGATIVE:
            data.PhotometricInterpretation, data.CTDIvol = NEGATIVE, DOSE
        if name == TABLE:
            _give_table(data)
        if data.get("Modality") == "SEG":
            data.Modality = "OT"  # series of segments are not listed as pictures
        _belong(data, like, study, today - timedelta(days=12))
        data.SeriesNumber, data.SeriesDescription = number, name
        data.SeriesInstanceUID = generate_uid()
        made.append(Sample(name, _written(data)))
    return made


def earlier(
    pictures: Sequence[Dataset], today: date, move: Callable[[float], float]
) -> list[bytes]:
    """The same CT, twelve days older, each slice moved along the body."""
    study, series, made = str(generate_uid()), generate_uid(), []
    for one in pictures:
        data = dcmread(io.BytesIO(_written(one)))
        _belong(data, one, study, today - timedelta(days=17))
        data.SeriesInstanceUID = series
        x, y, z = data.ImagePositionPatient
        data.ImagePositionPatient = [x, y, move(float(z))]
        made.append(_written(data))
    return made


def _give_table(data: Dataset) -> None:
    """A curve that no window has, long enough to be told by its address."""
    table = Dataset()
    greys = (np.linspace(0, 1, 1500) ** 0.5 * 4095).astype("<u2")
    table.add_new("LUTDescriptor", "SS", [len(greys), 100, 12])
    table.add_new("LUTData", "OW", greys.tobytes())
    data.VOILUTSequence = [table]
    del data.WindowCenter, data.WindowWidth


def _belong(data: Dataset, like: Dataset, study: str, day: date) -> None:
    """Give a picture the person of another, a study and a day."""
    for element in like.group_dataset(0x0010):
        data[element.tag] = element
    data.SpecificCharacterSet = like.SpecificCharacterSet
    data.StudyInstanceUID, data.StudyDate, data.StudyTime = study, f"{day:%Y%m%d}", "101500"
    for name in ("SeriesDate", "AcquisitionDate", "ContentDate"):
        if name in data:
            delattr(data, name)
    data.AccessionNumber = f"S{study[-12:]}"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    if "NumberOfStudyRelatedInstances" in data:
        del data.NumberOfStudyRelatedInstances


def _written(data: Dataset) -> bytes:
    out = io.BytesIO()
    data.save_as(out)
    return out.getvalue()
