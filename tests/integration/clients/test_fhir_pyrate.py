"""fhir-pyrate (Python): bundles become data frames, by one process and by several."""

from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest
import requests
from fhir_pyrate import Ahoy, Pirate

from tests.integration.clients.support import NAME, NUMBERS, RESULTS, Connected

pytestmark = [
    pytest.mark.filterwarnings("ignore:We detected multiple pages"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
PATHS = [("id", "id"), ("when", "effectiveDateTime"), ("value", "valueQuantity.value")]


@pytest.fixture(params=[1, 3], ids=["one process", "three processes"])
def pirate(request: pytest.FixtureRequest, hub: Connected) -> Iterator[Pirate]:
    """A pirate with a session that carries the token."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {hub.token}"
    with Pirate(hub.base, session, num_processes=request.param) as found:
        yield found


def test_bundles_are_stolen_page_by_page(pirate: Pirate, hub: Connected) -> None:
    asked = {"patient": hub.patient, "_count": 10}
    pages = list(pirate.steal_bundles("Observation", asked))
    assert [len(page.entry) for page in pages] == [10, 10, 5]
    assert len(list(pirate.steal_bundles("Observation", asked, num_pages=2))) == 2
    assert pirate.get_bundle_total("Observation", {**asked, "_total": "accurate"}) == RESULTS


def test_bundles_become_a_data_frame(pirate: Pirate, hub: Connected) -> None:
    frame = pirate.steal_bundles_to_dataframe(
        "Observation", {"patient": hub.patient, "_count": 10}, fhir_paths=PATHS
    )
    assert isinstance(frame, pd.DataFrame)
    assert frame["id"].nunique() == RESULTS
    assert Decimal(str(frame["value"].max())) == Decimal("24.1")
    flat = pirate.steal_bundles_to_dataframe("Patient", {"_id": hub.patient})
    assert isinstance(flat, pd.DataFrame)
    assert NAME in flat.to_string()


def test_rows_are_traded_for_the_results_they_name(pirate: Pirate, hub: Connected) -> None:
    rows = pd.DataFrame(
        {"patient": [hub.patient] * 2, "loinc": ["2823-3", "2951-2"], "from": ["2026-05-11"] * 2}
    )
    wanted = {"patient": "patient", "code": ("http://loinc.org", "loinc"), "date": ("ge", "from")}
    frame = pirate.trade_rows_for_dataframe(
        rows, "Observation", df_constraints=wanted, fhir_paths=PATHS, with_columns=["loinc"]
    )
    assert isinstance(frame, pd.DataFrame)
    assert sorted(frame.groupby("loinc")["id"].nunique()) == [7, 8]
    bundles = pirate.trade_rows_for_bundles(rows, "Observation", df_constraints=wanted)
    assert sum(len(one.entry) for one in bundles) == 15


def test_a_span_of_time_is_sailed_through(pirate: Pirate, hub: Connected) -> None:
    span = {"time_attribute_name": "date", "date_init": "2026-05-01", "date_end": "2026-05-26"}
    asked = {"patient": hub.patient, "_count": 5}
    bundles = pirate.sail_through_search_space("Observation", request_params=asked, **span)
    assert sum(len(one.entry or ()) for one in bundles) == RESULTS
    frame = pirate.sail_through_search_space_to_dataframe(
        "Observation", request_params=asked, fhir_paths=PATHS, **span
    )
    assert isinstance(frame, pd.DataFrame)
    assert frame["id"].nunique() == RESULTS


def test_a_given_token_is_taken_by_ahoy(hub: Connected) -> None:
    with Ahoy(token=hub.token) as ahoy, Pirate(hub.base + "/", ahoy) as pirate:
        (page,) = pirate.steal_bundles("Patient", {"identifier": f"{NUMBERS}|C-1"})
    assert page.entry[0].resource.id == hub.patient


def test_a_refusal_is_logged_with_our_words(
    pirate: Pirate, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(pirate.steal_bundles("Patient", {"nonsense": "1"})) == []
    assert "400" in caplog.text
