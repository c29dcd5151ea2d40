"""What the hub publishes about itself is valid R4."""

from hie.api.capabilities import statement
from hie.fhir.profile import check
from hie.fhir.wire import parse
from hie.schemas import schema


def test_the_capability_statement_is_valid_r4() -> None:
    assert check(dict(statement("http://localhost:8000"))) == []


def test_the_definition_of_assess_is_valid_r4() -> None:
    assert check(parse(schema("operations", "assess.json").read_bytes())) == []
