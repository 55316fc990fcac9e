"""Which account a conversation belongs to."""

from fastproxy.accounts.pins import SESSION_CHARS, Pins


def test_a_session_keeps_its_home_as_long_as_it_is_used_in_time():
    pins = Pins(60.0, 10)
    pins.add("lab", "s", "lab:a", 0.0)
    for now in (50.0, 110.0, 170.0):
        pin = pins.used("lab", "s", now)
        assert pin is not None
        assert pin.home == "lab:a"


def test_a_silent_session_loses_its_home_but_not_who_answered_last():
    pins = Pins(60.0, 10)
    added = pins.add("lab", "s", "lab:a", 0.0)
    assert added is not None
    added.last = "lab:a"
    pin = pins.used("lab", "s", 61.0)
    assert pin is not None
    assert (pin.home, pin.last) == ("", "lab:a")


def test_the_least_lately_used_session_goes_first():
    pins = Pins(60.0, 2)
    pins.add("lab", "one", "lab:a", 0.0)
    pins.add("lab", "two", "lab:a", 1.0)
    pins.used("lab", "one", 2.0)
    pins.add("lab", "three", "lab:a", 3.0)
    assert len(pins) == 2
    assert pins.known("lab", "two") is None
    assert pins.known("lab", "one") is not None


def test_no_pins_are_kept_where_none_are_allowed():
    pins = Pins(60.0, 0)
    assert pins.add("lab", "s", "lab:a", 0.0) is None
    assert len(pins) == 0


def test_the_same_key_at_two_providers_is_two_sessions():
    pins = Pins(60.0, 10)
    pins.add("lab", "s", "lab:a", 0.0)
    assert pins.known("other", "s") is None


def test_a_long_key_is_one_session_and_takes_no_more_memory_than_a_digest():
    pins = Pins(60.0, 10)
    pins.add("lab", "k" * 100_000, "lab:a", 0.0)
    assert pins.used("lab", "k" * 100_000, 1.0) is pins.known("lab", "k" * 100_000) is not None
    assert pins.known("lab", "k" * 99_999) is None
    assert max(len(session) for _, session in pins._by_session) <= SESSION_CHARS


def test_a_key_with_half_a_surrogate_is_a_key():
    pins = Pins(60.0, 10)
    pins.add("lab", "\ud800" * 100, "lab:a", 0.0)
    assert pins.known("lab", "\ud800" * 100) is not None


def test_living_sessions_are_counted_by_home():
    pins = Pins(60.0, 10)
    pins.add("lab", "old", "lab:a", 0.0)
    pins.add("lab", "new", "lab:a", 50.0)
    pins.add("lab", "other", "lab:b", 50.0)
    pins.add("lab", "homeless", "", 50.0)
    assert pins.homes(70.0) == {"lab:a": 1, "lab:b": 1}


def test_a_clock_that_goes_back_ends_no_pin_and_the_next_use_sets_it_right():
    pins = Pins(60.0, 10)
    pins.add("lab", "s", "lab:a", 4000.0)
    back = pins.used("lab", "s", 400.0)
    assert back is not None
    assert back.home == "lab:a"
    later = pins.used("lab", "s", 461.0)
    assert later is not None
    assert later.home == ""


def test_other_limits_count_at_once():
    pins = Pins(60.0, 10)
    for number in range(5):
        pins.add("lab", f"s{number}", "lab:a", 0.0)
    pins.limit(5.0, 2)
    assert len(pins) == 2
    assert pins.known("lab", "s2") is None
    kept = pins.used("lab", "s4", 6.0)
    assert kept is not None
    assert kept.home == ""
