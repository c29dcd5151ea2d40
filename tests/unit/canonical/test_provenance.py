"""Where the resources of a message came from."""

from hie import __version__
from hie.fhir.profile import check
from tests.builders import a_lab_record, an_imaging_record
from tests.unit.canonical.making import Ids, made, only


def test_it_names_everything_the_report_made_but_itself() -> None:
    ids = Ids()
    built = made(a_lab_record(), ids=ids)
    found = only(built, "Provenance")
    others = {f"{key.type}/{ids[key]}" for key in built.resources if key.type != "Provenance"}
    assert {one["reference"] for one in found["target"]} == others
    assert check({**found, "id": "p1"}) == []


def test_it_names_sender_hub_adapter_and_bytes() -> None:
    found = only(made(an_imaging_record()), "Provenance")
    author, assembler = found["agent"]
    assert author["who"]["reference"].startswith("Organization/")
    assert assembler["who"]["display"] == f"hie {__version__}, adapter hl7v2 1.0.0"
    (source,) = found["entity"]
    assert source["what"]["identifier"]["value"] == f"urn:hie:message:m1#sha256:{'00' * 32}"


def test_it_happened_when_it_was_sent_if_that_is_known() -> None:
    assert only(made(a_lab_record()), "Provenance")["occurredDateTime"] == (
        "2026-06-12T12:00:00+08:00"
    )
    assert "occurredDateTime" not in only(made(a_lab_record(), sent=None), "Provenance")
