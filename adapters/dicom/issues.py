"""Every issue this adapter can raise: its code, how much it matters, what it means.

`docs/dicom.md` lists the same codes; a test compares the two.
"""

from typing import Final

from hie.adapter import Severity

_I, _W, _H, _E = Severity.INFO, Severity.WARN, Severity.HOLD, Severity.ERROR

TABLE: Final[dict[str, tuple[Severity, str]]] = {
    # the bytes
    "not-dicom": (_E, "The bytes are no DICOM file and no data set."),
    "dicomdir": (_E, "A directory of files (DICOMDIR), no instance: unpack its folder."),
    "too-large": (_H, "The content is larger than is taken in at once."),
    "preamble-missing": (_W, "There is no preamble; the file was read from its meta information."),
    "meta-missing": (_W, "There is no file meta information; how the data set is written was told "
                         "from its first bytes."),
    "meta-length": (_I, "The length of the file meta information is not what (0002,0000) says."),
    "transfer-syntax-missing": (_W, "No transfer syntax is stated; it was told from the bytes."),
    "transfer-syntax-wrong": (_W, "The data set is not written as its transfer syntax says."),
    "transfer-syntax-unknown": (_I, "A transfer syntax that is not DICOM's own; kept as it is."),
    "inflate-failed": (_H, "The deflated data set cannot be inflated."),
    "inflate-bomb": (_H, "The deflated data set grows beyond what an image can."),
    "truncated": (_H, "The bytes end inside a data element or before the pixel data is whole."),
    "length-lies": (_H, "A data element says it is longer than what holds it."),
    "sequence-broken": (_H, "A sequence is not made of items."),
    "nesting-too-deep": (_H, "Sequences are nested deeper than any real object."),
    "too-many-elements": (_H, "There are more data elements than in any real object."),
    "element-repeated": (_W, "An element comes twice and differs; held if it is one that is read."),
    "out-of-memory": (_H, "There was no memory left to read this."),
    "profile-invalid": (_H, "The site profile is not what its schema demands."),
    "value-too-long": (_W, "A value is longer than 64 KiB; it is taken as absent."),
    # texts
    "charset-undecodable": (_H, "The texts are in no charset that this site may use."),
    "charset-undeclared": (_W, "(0008,0005) is empty, yet texts are not ASCII; told by the bytes."),
    "charset-declared-wrong": (_W, "(0008,0005) does not fit the bytes; another was used."),
    "charset-unknown": (_W, "(0008,0005) names a charset that is not known here."),
    "charset-mixed": (_W, "Texts are in different charsets; each was read in its own."),
    "charset-truncated": (_W, "A text ends in the middle of a character."),
    "private-use": (_W, "There are characters that only the sender's own font shows."),
    "characters-lost": (_W, "Characters were lost before sending; held if in a number."),
    "mojibake": (_W, "The sender read text in a wrong charset before sending; it is kept as sent."),
    "mojibake-repaired": (_W, "Text that the sender had read in a wrong charset was put right."),
    "control-character": (_W, "Control characters were removed; held if in a number."),
    # which instance
    "study-uid-missing": (_H, "There is no StudyInstanceUID (0020,000D)."),
    "series-uid-missing": (_H, "There is no SeriesInstanceUID (0020,000E)."),
    "sop-uid-missing": (_H, "There is no SOPInstanceUID (0008,0018)."),
    "sop-class-missing": (_H, "There is no SOPClassUID (0008,0016)."),
    "uid-invalid": (_W, "A UID is not of the form PS3.5 section 9 demands; it is kept as sent."),
    "uid-unusable": (_H, "A UID holds characters, or a length, that no UID can have."),
    "uid-differs": (_W, "File meta information and data set name different instances or classes."),
    "sop-class-private": (_I, "The SOP class is not DICOM's own: kept, never classed."),
    "sop-class-refused": (_H, "The SOP class is private, which the profile does not allow."),
    # patient
    "patient-without-identifier": (
        _W, "PatientID is empty; the patient is known by this study alone."),
    "identifier-placeholder": (_W, "A number is a placeholder such as 000000 or 无."),
    "identifier-normalised": (_I, "Full-width characters or blanks in a number were normalised."),
    "name-missing": (_W, "PatientName is empty."),
    "name-placeholder": (_W, "The name is no person's own: a newborn's or an unknown person's."),
    "sex-unknown": (_W, "PatientSex is in none of the known tables."),
    "birth-after-study": (_W, "The birth date lies after the study."),
    "age-impossible": (_W, "The patient would have been older than 130 years."),
    # facts
    "zone-assumed": (_I, "Times have no zone; the site's was taken. Told once an instance."),
    "zone-invalid": (_W, "(0008,0201) is no zone; the site's was taken."),
    "time-invalid": (_W, "This is no date or time; it is taken as absent."),
    "time-placeholder": (_I, "A placeholder date such as 00010101 or 19000101 was left out."),
    "study-date-missing": (_W, "There is no StudyDate: when the images were taken is unknown."),
    "number-invalid": (_W, "This is no number; it is taken as absent."),
    "modality-missing": (_W, "Modality is empty; the class is told by the SOP class."),
    "modality-several": (_W, "Modality holds several values; the SOP class decides the class."),
    "lossy-undeclared": (_W, "Compressed with loss by its transfer syntax, yet not so declared."),
    "burned-in": (_W, "Words are burned into the image; they may name the patient."),
    "laterality-conflict": (_W, "Two elements name different sides; neither was taken."),
    "identity-removed": (_W, "PatientIdentityRemoved is YES: this is nobody's image any more."),
    "institution-unmapped": (_I, "An institution is named without a credit code."),
    "frames-left-out": (_W, "There are more frames than are looked at one by one."),
    "rejection-note": (_W, "A key object rejection note: the images it names are rejected."),
    "rejection-empty": (_W, "A rejection note that names no image."),
}  # fmt: skip

ISSUE_CODES: Final = {code: meaning for code, (_, meaning) in TABLE.items()}
