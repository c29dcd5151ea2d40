"""Error classes and their HTTP status."""

import pytest

from hie import errors
from hie.status import STATUS, status_of


def _walk(cls: type[errors.HubError]) -> list[type[errors.HubError]]:
    return [cls, *(leaf for sub in cls.__subclasses__() for leaf in _walk(sub))]


@pytest.mark.parametrize("cls", _walk(errors.HubError), ids=lambda c: c.__name__)
def test_every_error_has_a_status_and_a_fhir_issue_type(cls: type[errors.HubError]) -> None:
    assert 400 <= status_of(cls.__new__(cls)) <= 503
    assert cls.issue_type in ISSUE_TYPES


def test_the_table_names_only_errors_of_the_tree() -> None:
    assert set(STATUS) <= set(_walk(errors.HubError))


# FHIR R4 value set issue-type (http://hl7.org/fhir/R4/valueset-issue-type.html)
ISSUE_TYPES = set(
    "invalid structure required value invariant security login unknown expired forbidden suppressed "
    "processing not-supported duplicate multiple-matches not-found deleted too-long code-invalid "
    "extension too-costly business-rule conflict transient lock-error no-store exception timeout "
    "incomplete throttled informational".split()
)
