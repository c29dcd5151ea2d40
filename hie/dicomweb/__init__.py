"""The DICOMweb doors: STOW-RS in, QIDO-RS and WADO-RS out (DICOM PS3.18).

`/dicom-web` answers for the whole hub, `/dicom-web/sites/{site}` for one site; an Endpoint names
the second. What a caller sees follows from what they may see of the ImagingStudy, and is recorded
before the first byte of the answer.
"""
