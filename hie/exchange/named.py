"""Whom and what a study's first instance named: what later ones are compared with."""

import msgspec

from hie.records import PatientRecord, StudyPart


class Named(msgspec.Struct, frozen=True):
    """The patient and the study of the first instance; sealed in `study.identity`."""

    patient: PatientRecord
    study: StudyPart
