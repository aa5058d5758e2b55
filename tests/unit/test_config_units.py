from datetime import timedelta

import pytest

from mailcli.config import parse_age, parse_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        ("2 weeks", timedelta(weeks=2)),
        ("12 hours", timedelta(hours=12)),
        (" 1 day ", timedelta(days=1)),
        ("5 min", timedelta(minutes=5)),
        ("0d", timedelta(0)),
    ],
)
def test_age_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert parse_age(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "30", "d", "-1d", "1.5d", "1M", "30D", "1 month", "2y", "1d12h", "30 days ago", "٣d"],
)
def test_what_is_no_age_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30d or 2w"):
        parse_age(text)


def test_age_beyond_all_time_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        parse_age("999999999999w")


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0", 0), ("500", 500), ("10k", 10_240), ("10 K", 10_240), ("2M", 2 << 20), ("3G", 3 << 30)],
)
def test_size_counts_octets_in_powers_of_1024(text: str, octets: int) -> None:
    assert parse_size(text) == octets


@pytest.mark.parametrize("text", ["", "k", "-1", "1.5M", "5MB", "5T", "0x10", "1_000"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="500k, 10M, 2G"):
        parse_size(text)
