"""What a receiver's policy says, and how old a result may be."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.catalogue import load_catalogue
from hie.recognition.policy import PolicyBook, build_policy, scopes_of
from hie.recognition.region import load_regions
from hie.recognition.register import InstitutionRow, PolicyEntry, RegisterRows
from hie.recognition.register_files import check_import, parse_register

DAY = date(2026, 6, 15)
CODE = "12130000400000002F"


def receiver(region: str = "130102") -> InstitutionRow:
    return InstitutionRow(CODE, "示例医院", region, "3A", "", "", "active", date(2022, 1, 1), None)


def entry(
    scope: str, since: str = "2023-01-01", until: str | None = None, order: int = 0, **values: Any
) -> PolicyEntry:
    end = date.fromisoformat(until) if until else None
    return PolicyEntry(scope, date.fromisoformat(since), end, values, order)


def book(*entries: PolicyEntry) -> PolicyBook:
    return build_policy(entries)


def limit(book: PolicyBook, region: str, key: str, day: date = DAY) -> int | None:
    catalogue = load_catalogue()
    item = catalogue.on(day).get(key) or catalogue.classes_on(day)[key]
    return book.limit_days(receiver(region), day, item)


def test_the_shipped_policy_is_complete_for_everybody() -> None:
    shipped = book()
    assert shipped.version == "2026.2"
    found = {
        key: shipped.value(receiver("650102"), DAY, key)
        for key in (
            "catalogue", "voluntary", "level_rule", "time_limits", "exit_list", "critical_limits",
            "reference_intervals", "methods", "prices", "local_reasons", "lookback_days",
            "max_candidates", "delta_window_days",
        )
    }  # fmt: skip
    assert found == {
        "catalogue": "all",
        "voluntary": True,
        "level_rule": "none",
        "time_limits": (),
        "exit_list": (),
        "critical_limits": {},
        "reference_intervals": {},
        "methods": {},
        "prices": {},
        "local_reasons": [],
        "lookback_days": 365,
        "max_candidates": 5,
        "delta_window_days": 30,
    }


@pytest.mark.parametrize(
    ("region", "key", "days"),
    [
        ("130102", "K", 7),
        ("429004", "HBA1C", 15),
        ("420106", "HBA1C", 60),
        ("420106", "CRE", 15),
        ("420106", "GLU", 30),
        ("429004", "GLU", 15),
        ("500103", "HBA1C", 60),
        ("429004", "CT", 30),
        ("510104", "K", 7),
    ],
)
def test_the_limit_is_the_strictest_of_item_and_every_level(
    region: str, key: str, days: int
) -> None:
    assert limit(book(), region, key) == days


def test_the_items_own_entry_goes_before_the_kinds_within_a_level() -> None:
    policy = book(entry(f"receiver:{CODE}", time_limits={"laboratory": 3, "HBA1C": 20}))
    assert limit(policy, "130102", "HBA1C") == 20
    assert limit(policy, "130102", "K") == 3
    assert limit(policy, "130102", "CT") == 30


def test_a_level_can_only_tighten() -> None:
    policy = book(entry(f"receiver:{CODE}", time_limits={"K": 90}))
    assert limit(policy, "130102", "K") == 7


def test_zero_days_is_the_same_day_only() -> None:
    assert limit(book(entry("region:13", time_limits={"K": 0})), "130102", "K") == 0


def test_a_limit_written_as_text_is_a_number() -> None:
    assert limit(book(entry("region:13", time_limits={"K": "5"})), "130102", "K") == 5


def test_all_region_levels_count_for_the_limit() -> None:
    policy = book(
        entry("region:13", time_limits={"HBA1C": 50}),
        entry("region:1301", time_limits={"HBA1C": 40}),
        entry("region:130102", time_limits={"HBA1C": 45}),
    )
    assert limit(policy, "130102", "HBA1C") == 40
    assert limit(policy, "130202", "HBA1C") == 50
    assert limit(policy, "110102", "HBA1C") == 60


def test_the_most_particular_scope_that_has_the_key_wins() -> None:
    policy = book(
        entry("region:13", voluntary=False, lookback_days=100),
        entry("region:130102", voluntary=True),
        entry(f"receiver:{CODE}", level_rule="same_or_higher"),
    )
    assert policy.value(receiver(), DAY, "voluntary") is True
    assert policy.value(receiver(), DAY, "lookback_days") == 100
    assert policy.value(receiver(), DAY, "level_rule") == "same_or_higher"
    assert policy.value(receiver("130202"), DAY, "voluntary") is False
    assert policy.value(None, DAY, "voluntary") is True


def test_null_is_a_word_of_its_own() -> None:
    policy = book(entry("region:13", voluntary=None))
    assert policy.value(receiver(), DAY, "voluntary") is None


def test_of_one_scope_the_latest_from_that_has_the_key_counts() -> None:
    policy = book(
        entry("default", "2024-01-01", voluntary=False),
        entry("default", "2025-01-01", lookback_days=10),
        entry("default", "2027-01-01", voluntary=True),
    )
    assert policy.value(receiver(), DAY, "voluntary") is False
    assert policy.value(receiver(), DAY, "lookback_days") == 10
    assert policy.value(receiver(), date(2023, 6, 1), "voluntary") is True


def test_of_one_scope_and_day_the_later_import_counts() -> None:
    policy = book(
        entry("region:13", order=2, voluntary=True), entry("region:13", order=1, voluntary=False)
    )
    assert policy.value(receiver(), DAY, "voluntary") is True


def test_an_import_of_the_shipped_scope_and_day_replaces_its_key() -> None:
    policy = book(entry("region:42", "2022-03-01", time_limits={"K": 3}))
    assert limit(policy, "420106", "K") == 3
    assert limit(policy, "420106", "TP") == 30


def test_an_entry_ends_after_its_last_day() -> None:
    policy = book(entry("default", until="2026-06-15", voluntary=False))
    assert policy.value(receiver(), DAY, "voluntary") is False
    assert policy.value(receiver(), date(2026, 6, 16), "voluntary") is True


def test_prices_are_joined_key_by_key() -> None:
    policy = book(
        entry("default", prices={"a": "1.00", "b": "2.00"}),
        entry("region:13", prices={"a": 5}),
        entry(f"receiver:{CODE}", prices={"c": "8.50"}),
    )
    assert policy.value(receiver(), DAY, "prices") == {
        "a": Decimal(5),
        "b": Decimal("2.00"),
        "c": Decimal("8.50"),
    }


def test_critical_limits_are_joined_side_by_side() -> None:
    policy = book(
        entry("default", critical_limits={"K": {"low": "2.8", "high": "6.2"}}),
        entry("region:13", critical_limits={"K": {"high": "6.5"}, "NA": {"low": None}}),
    )
    assert policy.value(receiver(), DAY, "critical_limits") == {
        "K": {"low": Decimal("2.8"), "high": Decimal("6.5")},
        "NA": {"low": None},
    }


def test_reference_intervals_may_differ_by_sex() -> None:
    policy = book(
        entry(
            "region:13",
            reference_intervals={
                "K": ["3.5", "5.5"],
                "CRE": {"male": [57, 97], "female": [41, None]},
            },
        )
    )
    assert policy.value(receiver(), DAY, "reference_intervals") == {
        "K": (Decimal("3.5"), Decimal("5.5")),
        "CRE": {"male": (Decimal(57), Decimal(97)), "female": (Decimal(41), None)},
    }


def test_the_exit_list_is_the_union_of_all_scopes() -> None:
    out = "121100004000000014"
    policy = book(
        entry("default", exit_list=[{"institution": out, "items": ["K"], "from": "2026-01-01"}]),
        entry(
            "region:13",
            exit_list=[
                {"institution": out, "items": "all", "from": "2026-06-01", "to": "2026-06-15"}
            ],
        ),
    )
    rows = policy.value(receiver(), DAY, "exit_list")
    assert {row.institution for row in rows} == {out}
    assert [row.items for row in rows if row.scope == "default"] == [frozenset({"K"})]
    assert [row.items for row in rows if row.scope == "region:13"] == [None]
    later = policy.value(receiver(), date(2026, 6, 16), "exit_list")
    assert [row.scope for row in later] == ["default"]
    elsewhere = policy.value(receiver("110102"), DAY, "exit_list")
    assert [row.scope for row in elsewhere] == ["default"]
    assert len(rows) == 2


def test_methods_are_those_of_the_institution_alone() -> None:
    policy = book(entry(f"receiver:{CODE}", methods={"CRE": "enzymatic"}))
    assert policy.method_of(CODE, DAY, "CRE") == "enzymatic"
    assert policy.method_of(CODE, DAY, "LDH") is None
    assert policy.method_of("121100004000000014", DAY, "CRE") is None
    assert policy.value(receiver(), DAY, "methods") == {"CRE": "enzymatic"}


def test_a_receivers_catalogue_may_be_a_list() -> None:
    policy = book(entry("region:13", catalogue=["K", "CT"]))
    assert policy.in_catalogue(receiver(), DAY, "K", load_catalogue())
    assert not policy.in_catalogue(receiver(), DAY, "NA", load_catalogue())
    assert policy.in_catalogue(receiver("110102"), DAY, "NA", load_catalogue())


def listed(book: PolicyBook, region: str = "130102", day: date = DAY) -> set[str]:
    catalogue = load_catalogue()
    return {
        key for key in catalogue.keys if book.in_catalogue(receiver(region), day, key, catalogue)
    }


def test_a_receivers_catalogue_may_be_named_by_its_list() -> None:
    catalogue = load_catalogue()
    assert listed(book()) == catalogue.listed("all", DAY)
    assert len(listed(book())) == 33
    hubei = book(entry("region:42", catalogue="list:hubei22"))
    assert listed(hubei, "420106") == catalogue.listed("list:hubei22", DAY)
    assert listed(hubei, "429004") == catalogue.listed("list:hubei22", DAY)
    assert listed(hubei, "130102") == catalogue.listed("all", DAY)


def test_lists_and_keys_together_are_one_catalogue() -> None:
    found = listed(book(entry("region:13", catalogue=["list:hubei22", "list:imaging6", "CRE"])))
    assert len(found) == 22 + 6 + 1


def test_the_most_particular_scope_says_which_list() -> None:
    policy = book(
        entry("region:13", catalogue="list:hubei22"),
        entry(f"receiver:{CODE}", catalogue=["K"], until="2026-06-14"),
        entry(f"receiver:{CODE}", since="2026-06-15", catalogue="all"),
    )
    assert listed(policy, day=date(2026, 6, 14)) == {"K"}
    assert len(listed(policy)) == 33


def test_a_list_of_nobody_recognises_nothing() -> None:
    assert listed(book(entry("region:13", catalogue="list:gone"))) == set()


def test_a_limit_of_an_item_of_the_second_list_is_its_own_and_can_only_be_tightened() -> None:
    item = load_catalogue().items["FER"]
    assert book().limit_days(receiver("420106"), DAY, item) == 30
    assert book().limit_days(receiver("429004"), DAY, item) == 15
    assert (
        book(entry("region:42", time_limits={"FER": 60})).limit_days(receiver("420106"), DAY, item)
        == 30
    )


def test_before_the_first_policy_nothing_is_said() -> None:
    before = date(2022, 2, 28)
    assert book().value(receiver(), before, "catalogue") is None
    assert not book().in_catalogue(receiver(), before, "K", load_catalogue())


def test_a_receiver_coded_as_a_province_is_spoken_for_by_the_province() -> None:
    assert scopes_of(receiver("13")) == (f"receiver:{CODE}", "region:13", "default")
    assert scopes_of(receiver("130102")) == (
        f"receiver:{CODE}", "region:130102", "region:1301", "region:13", "default",
    )  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["default", "region:13", "region:1301", f"receiver:{CODE}"]),
            st.integers(0, 100),
        ),
        max_size=6,
        unique_by=lambda pair: pair[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_limit_is_the_least_whatever_the_order_of_entries(
    limits: list[tuple[str, int]], random: Any
) -> None:
    entries = [entry(scope, time_limits={"K": days}) for scope, days in limits]
    random.shuffle(entries)
    assert limit(book(*entries), "130102", "K") == min([7, *(days for _, days in limits)])


@pytest.mark.parametrize(
    ("said", "place", "code"),
    [
        ("list:hubei22", None, None),
        ("[list:hubei22, CT]", None, None),
        ("[K, FER]", None, None),
        ("list:hubei", "policies.yaml:policies[0].catalogue.list:hubei", "unknown-list"),
        ("[K, list:x]", "policies.yaml:policies[0].catalogue.list:x", "unknown-list"),
        ("[K, FERR]", "policies.yaml:policies[0].catalogue.FERR", "unknown-item"),
        ("[all]", "policies.yaml:policies[0].catalogue", "any-of"),
        ("LIST:HUBEI22", "policies.yaml:policies[0].catalogue", "any-of"),
        ("[K, K]", "policies.yaml:policies[0].catalogue", "any-of"),
    ],
)
def test_an_imported_policy_names_only_lists_and_keys_there_are(
    said: str, place: str | None, code: str | None
) -> None:
    text = f"policies: [{{scope: 'region:42', from: 2026-01-01, catalogue: {said}}}]"
    parsed = parse_register("policies.yaml", text.encode())
    faults, _ = check_import([parsed], RegisterRows(version=0), load_catalogue(), load_regions())
    assert [(fault.path, fault.code) for fault in faults] == ([(place, code)] if code else [])
