"""docs/conformance-search.md says of each search parameter what the registry says."""

from pathlib import Path

from hie.store.search.registry import PARAMETERS
from tests.r4.search_table import page

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance-search.md"


def test_the_page_of_search_parameters_is_the_one_the_registry_makes() -> None:
    assert DOCUMENT.read_text("utf-8") == page()


def test_every_parameter_of_every_type_has_a_line() -> None:
    lines = DOCUMENT.read_text("utf-8").splitlines()
    assert sum(line.startswith("| `") for line in lines) >= sum(map(len, PARAMETERS.values()))
