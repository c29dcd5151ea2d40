"""Invented images: phantoms drawn here, written as DICOM, and the reports that go with them.

No picture of a person is in the project: every slice, film and frame is drawn from formulas.
"""
