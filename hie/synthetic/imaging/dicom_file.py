"""A study becomes DICOM files (PS3.10), as its archive would send them.

Each is a plain or losslessly compressed picture with the header of its class; patient comments
and the institution's name say that all of it is invented.
"""

import io
from collections.abc import Iterator
from typing import Any, Final

import jpeg_ls
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless

from hie.synthetic.imaging.study import Series, Study, uid

_SEXES: Final = {"male": "M", "female": "F"}
RESIDENTS: Final = "2.16.156.10011.1.3"  # who issues resident numbers
_NOTE: Final = "合成数据 SYNTHETIC"


def files(study: Study) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of each picture the archive sends, series by series."""
    for number, series in enumerate(study.series, 1):
        pictures = series.draw()
        for at, picture in enumerate(pictures, 1):
            if (number, at) in study.left_out:
                continue
            data = _header(study, series, number, at)
            _add_pixels(data, picture, study.department.packed)
            yield f"{study.accession}-{number}-{at:03}.dcm", _written(data)


def _header(study: Study, series: Series, number: int, at: int) -> Dataset:
    data = Dataset()
    data.SpecificCharacterSet = study.department.charset
    data.SOPClassUID = series.sop_class
    data.SOPInstanceUID = uid("instance", study.key, number, at)
    _add_patient(data, study)
    started = study.started
    data.StudyInstanceUID = study.uid
    data.StudyID = study.accession[-8:]
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = f"{started:%Y%m%d}"
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = f"{started:%H%M%S}"
    data.TimezoneOffsetFromUTC = "+0800"
    data.AccessionNumber = study.accession
    data.StudyDescription = study.description
    data.InstitutionName = study.department.labelled
    data.Manufacturer = study.department.maker
    data.ManufacturerModelName = f"PHANTOM-{series.modality}"
    data.SoftwareVersions = "1"
    data.ReferringPhysicianName = "开单^医师"
    data.SeriesInstanceUID = uid("series", study.key, number)
    data.SeriesNumber = number
    data.SeriesDescription = series.description
    data.Modality = series.modality
    data.InstanceNumber = at
    if study.body_part:
        data.BodyPartExamined = study.body_part
    if study.laterality:
        data.ImageLaterality = study.laterality
    if study.stated is not None:
        data.NumberOfStudyRelatedInstances = study.stated
    data.ImageComments = _NOTE
    request = Dataset()
    request.PlacerOrderNumberImagingServiceRequest = study.order
    data.RequestAttributesSequence = Sequence([request])
    each = series.each[at - 1] if at <= len(series.each) else {}
    for name, value in {**study.tags, **series.tags, **each}.items():
        setattr(data, name, value)
    return data


def _add_patient(data: Dataset, study: Study) -> None:
    who = study.identity
    data.PatientName = who.name if "^" in who.name else f"{who.name}^"
    data.PatientID = who.number
    data.PatientBirthDate = who.born
    data.PatientSex = _SEXES[who.sex]
    data.PatientComments = _NOTE
    issuer = Dataset()
    issuer.UniversalEntityID = study.department.issuer
    issuer.UniversalEntityIDType = "ISO"
    data.IssuerOfPatientIDQualifiersSequence = Sequence([issuer])
    if study.department.names_residents and who.resident_id:
        resident = Dataset()
        resident.PatientID = who.resident_id
        resident.TypeOfPatientID = "TEXT"
        state = Dataset()
        state.UniversalEntityID = RESIDENTS
        state.UniversalEntityIDType = "ISO"
        resident.IssuerOfPatientIDQualifiersSequence = Sequence([state])
        data.OtherPatientIDsSequence = Sequence([resident])


def _add_pixels(data: Dataset, picture: NDArray[Any], packed: bool) -> None:
    colour = picture.ndim >= 3 and picture.shape[-1] == 3
    frames = picture if picture.ndim == (4 if colour else 3) else picture[None]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.Rows, data.Columns = frames.shape[1:3]
    bits = 8 * picture.dtype.itemsize
    top = int(picture.max(initial=1))
    data.BitsAllocated = bits
    data.BitsStored = bits if bits == 8 else max(12, top.bit_length())
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = 0
    if len(frames) > 1:
        data.NumberOfFrames = len(frames)
    if packed and not colour:
        data.file_meta = _meta(data, JPEGLSLossless)
        data.PixelData = encapsulate([_jpeg_ls(frame, data.BitsStored) for frame in frames])
        data["PixelData"].is_undefined_length = True
    else:
        data.file_meta = _meta(data, ExplicitVRLittleEndian)
        content = np.ascontiguousarray(frames).astype(frames.dtype.newbyteorder("<")).tobytes()
        data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if bits == 8 or packed else "OW"


def _jpeg_ls(frame: NDArray[Any], bits: int) -> bytes:
    encoded = jpeg_ls.encode_array(np.ascontiguousarray(frame), lossy_error=0)
    return bytes(encoded)


def _meta(data: Dataset, syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(uid("implementation"))
    meta.ImplementationVersionName = "HIE_SYNTHETIC"
    return meta


def _written(data: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, data, enforce_file_format=True)
    return buffer.getvalue()
