"""Every issue this adapter can raise: its code, how much it matters, what it means.

`docs/hl7v2.md` lists the same codes; a test compares the two.
"""

from typing import Final

from hie.adapter import Severity

_I, _W, _H, _E = Severity.INFO, Severity.WARN, Severity.HOLD, Severity.ERROR

# code: (severity, meaning). A use may lower or raise the severity where this page says so.
TABLE: Final[dict[str, tuple[Severity, str]]] = {
    # the message as a whole
    "not-hl7": (_E, "The bytes do not begin with an MSH, FHS or BHS segment."),
    "charset-undecodable": (_H, "The bytes are text in no charset that this site may use."),
    "charset-undeclared": (_W, "No charset was declared; the bytes were read as GB18030."),
    "charset-declared-wrong": (
        _W,
        "The declared charset does not fit the bytes; another was used.",
    ),
    "charset-unknown": (_W, "The declared charset has a name that is not known here."),
    "charset-mixed": (
        _W,
        "Segments of one message are in different charsets; each was read in its own.",
    ),
    "charset-truncated": (_H, "The bytes end in the middle of a character."),
    "bom": (_I, "The message begins with a byte order mark."),
    "private-use": (_W, "There are characters that only the sender's own font shows."),
    "characters-lost": (_W, "The sender's export lost characters (U+FFFD or runs of ?)."),
    "mojibake": (_W, "The sender read text in a wrong charset before sending; it is kept as sent."),
    "mojibake-repaired": (_W, "Text that the sender had read in a wrong charset was put right."),
    "control-character": (
        _W,
        "Control characters were removed; in an identifier the message is held.",
    ),
    "delimiters-invalid": (_E, "MSH-1 and MSH-2 do not name five different delimiters."),
    "delimiters-short": (_I, "MSH-2 is not four or five characters; standard ones were filled in."),
    "continuation-line": (_W, "A line that starts no segment was joined to the segment before it."),
    "indented": (_I, "Segments are indented."),
    "truncated": (_H, "The message ends inside a segment."),
    "unterminated": (_W, "The last segment has no terminator."),
    "batch-count": (_W, "The batch trailer counts another number of messages than the file holds."),
    "batch-unclosed": (_W, "A file or batch header has no trailer."),
    "profile-invalid": (_H, "The site profile is not what its schema demands."),
    "unsupported-type": (_W, "This message type is not read; the profile may hold such messages."),
    "type-missing": (_W, "MSH-9 names no event; the message was read by its segments."),
    "version-unknown": (_W, "MSH-12 is no version 2.x; the message was read all the same."),
    "processing-id": (_H, "MSH-11 is not one of the processing ids that this site may send."),
    "message-id-missing": (_W, "MSH-10 is empty; the message is known by its content alone."),
    "segment-misplaced": (_W, "A segment stands where nothing can be attached to it."),
    "visit-number-missing": (_E, "The ADT message names no visit (PV1-19)."),
    "no-report": (_E, "The message holds no OBR: there is no report to read."),
    "patient-missing": (_H, "A report has no PID before it."),
    # patient
    "patient-without-identifier": (
        _W,
        "The PID has no usable number; the patient is this site's alone.",
    ),
    "identifier-invalid": (_W, "A number fails its own check (GB 11643 for resident numbers)."),
    "identifier-placeholder": (_W, "A number is a placeholder such as 000000 or 无."),
    "identifier-15-digit": (_I, "A resident number of the old 15-digit form; never a match key."),
    "identifier-contradicts": (
        _W,
        "Birth date or sex in the resident number differ from the PID's.",
    ),
    "identifier-normalised": (_I, "Full-width characters or spaces in a number were normalised."),
    "name-placeholder": (_W, "The name is no person's own: a newborn's or an unknown person's."),
    "name-missing": (_W, "The PID has no name."),
    "sex-unknown": (_W, "PID-8 is in none of the known tables."),
    "birth-after-collection": (_W, "The birth date lies after the specimen was taken."),
    "age-impossible": (_W, "The patient would have been older than 130 years."),
    # times
    "zone-assumed": (_I, "Times have no zone; the site's was taken. Told once a message."),
    "time-invalid": (_W, "This is no date or time; held if it is the only collection time."),
    "time-placeholder": (_I, "A placeholder date such as 00000000 or 19000101 was left out."),
    "time-ahead": (_H, "A time lies further ahead of the message time than the profile allows."),
    "result-before-collection": (
        _W,
        "A result was released or analysed before the specimen was taken.",
    ),
    "received-before-collection": (_W, "The specimen arrived before it was taken."),
    "issued-before-received": (_W, "The report was released before the specimen arrived."),
    "collection-missing": (_W, "No collection time in OBX-14, OBR-7 or SPM-17."),
    # report
    "order-number-missing": (
        _H,
        "Neither placer nor filler number: the report cannot be told apart.",
    ),
    "filler-missing": (_W, "There is no filler number; the placer's stands in."),
    "order-number-conflict": (_W, "ORC and OBR name different numbers; OBR's were taken."),
    "report-code-missing": (_W, "OBR-4 is empty."),
    "report-status-missing": (_H, "OBR-25 is empty and the profile names no default."),
    "report-status-unknown": (_H, "OBR-25 is not in HL7 table 0123 or the profile."),
    "report-status-error": (
        _H,
        "OBR-25 says Y or Z: the laboratory knows no such order or patient.",
    ),
    "status-defaulted": (_I, "A status was empty; the profile's default was taken."),
    "report-partial": (_I, "The report says final, some results do not: it is partial."),
    "filler-repeated": (
        _I,
        "Two OBR of the message have the same filler number: they become one report.",
    ),
    "institution-unmapped": (_W, "A performing institution is named without a credit code."),
    "specimen-rejected": (_W, "The specimen was rejected; its results have no value."),
    "attachment-invalid": (_E, "The attachment is not valid Base64 or hexadecimal."),
    "attachment-refused": (_E, "The attachment is of a kind that is not taken in."),
    "attachment-type": (_W, "The attachment is not what it was declared to be."),
    "attachment-too-large": (_E, "The attachment is over the profile's limit."),
    "url-not-allowed": (_W, "An address is not on the site's list; it is kept as text."),
    "samples-not-read": (_W, "An array (NA, MA) is not of numbers; it is kept as an attachment."),
    # imaging
    "imaging-class-unknown": (_W, "An imaging report says of no class what it is a report of."),
    "imaging-without-text": (_W, "An imaging report has neither findings nor a conclusion."),
    "study-uid-invalid": (_W, "The number of the study is no DICOM UID; it was left aside."),
    "image-count-invalid": (_W, "The number of images is no whole number; it was left aside."),
    # result
    "code-missing": (_E, "OBX-3 is empty: the result cannot be named."),
    "status-missing": (_H, "OBX-11 is empty and the profile names no default."),
    "status-unknown": (_H, "OBX-11 is not in HL7 table 0085 or the profile."),
    "order-detail": (_I, "OBX-11 O: order detail, no result; skipped."),
    "not-asked": (_I, "OBX-11 N: the test was not asked for; skipped."),
    "result-empty": (_I, "An OBX without a value whose status promises none; skipped."),
    "value-while-pending": (_W, "OBX-11 I says pending, yet there is a value; it was left aside."),
    "value-deleted": (_I, 'OBX-5 is "": the earlier value is withdrawn.'),
    "value-absent": (_I, "The value is a word or sign for no value."),
    "value-not-read": (_W, "The value is not of the form that OBX-2 says; it is kept as text."),
    "value-type-missing": (_W, "OBX-2 is empty; the kind of value was inferred."),
    "value-type-unknown": (_W, "OBX-2 is no type that is read here; the value is kept as text."),
    "nm-has-comparator": (_I, "A number field holds a comparator."),
    "nm-not-numeric": (_W, "A number field holds words."),
    "number-separator": (_H, "A comma in a number: thousands or decimals? The profile must say."),
    "number-normalised": (_I, "A number was written in another form than HL7's."),
    "value-has-unit": (_W, "The value field holds the unit too; it was split off."),
    "value-has-flag": (_I, "The value field holds a flag too; it was split off."),
    "unit-conflict": (
        _W,
        "The unit in the value is not the unit of OBX-6; the value is kept as text.",
    ),
    "unit-unescaped": (_I, "A unit holds an unescaped component separator."),
    "range-not-read": (_I, "A printed interval with numbers could not be read; its text is kept."),
    "range-reversed": (_I, "A printed interval has its low end above its high end; text only."),
    "flag-unknown": (_I, "OBX-8 is in no known table; its text is kept."),
    "control-unknown": (
        _W,
        "The bound quality-control field holds neither of the profile's words.",
    ),
    "result-repeated": (_W, "A code comes twice in a report without sub-ids; numbered in order."),
    "result-duplicate": (_I, "The same result comes twice; one was kept."),
    "result-conflict": (_E, "One code and sub-id, two values, no correction: both were left out."),
    "result-superseded": (
        _W,
        "A result and its correction in one message; the correction was kept.",
    ),
}

ISSUE_CODES: Final = {code: meaning for code, (_, meaning) in TABLE.items()}
