"""When images count as slow: by the last minutes alone, newer times weighing more."""

from hie.exchange.loading_times import WINDOW, LoadingTimes

SITE = "pacs"


def noted(*times: tuple[float, float]) -> LoadingTimes:
    """(when, seconds) of each image, with a target of two seconds."""
    found = LoadingTimes(target=2.0)
    for at, seconds in times:
        found.note(SITE, seconds, at)
    return found


def test_nothing_is_slow_where_nobody_looked_or_too_few_did() -> None:
    assert not LoadingTimes().is_slow(SITE, 0)
    assert not noted((0, 9.0), (1, 9.0)).is_slow(SITE, 2)


def test_images_at_the_target_are_not_slow_and_beyond_it_they_are() -> None:
    assert not noted(*((n, 2.0) for n in range(10))).is_slow(SITE, 10)
    assert noted(*((n, 2.01) for n in range(10))).is_slow(SITE, 10)


def test_one_slow_image_of_many_does_not_make_a_site_slow() -> None:
    quick = [(n / 10, 0.1) for n in range(60)]
    assert not noted(*quick, (6.0, 9.0)).is_slow(SITE, 6)
    assert noted(*quick, *((6.0, 9.0) for _ in range(6))).is_slow(SITE, 6)


def test_what_is_newer_weighs_more() -> None:
    slow_then = [(n, 9.0) for n in range(20)]
    quick_now = [(240 + n, 0.1) for n in range(60)]
    assert noted(*slow_then).is_slow(SITE, 20)
    assert not noted(*slow_then, *quick_now).is_slow(SITE, 299)


def test_after_a_while_nothing_is_known_any_more() -> None:
    slow = noted(*((n, 9.0) for n in range(5)))
    assert slow.is_slow(SITE, 5)
    assert not slow.is_slow(SITE, WINDOW + 10)
    assert slow.slowest(SITE, WINDOW + 10) is None


def test_sites_do_not_slow_each_other_and_memory_is_bounded() -> None:
    slow = noted(*((n / 100, 9.0) for n in range(5000)))
    assert not slow.is_slow("another", 50)
    assert len(slow.seen[SITE]) <= 256
