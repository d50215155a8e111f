"""Names made out of data."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.names import bounded, file_name

_texts = st.text(max_size=120) | st.text(st.sampled_from("aAbB%~. /"), max_size=4)


@given(_texts, _texts)
@settings(max_examples=300)
def test_two_names_are_never_one_file_and_each_is_plain_and_short(one: str, two: str) -> None:
    names = [file_name(name) for name in (one, two)]
    assert (names[0].lower() == names[1].lower()) == (one == two)
    for name in names:
        assert name.isascii()
        assert 0 < len(name) <= 80
        assert not set(name) & set('/\\\0<>:"|?* ')
        assert not name.startswith(".")
        assert not name.endswith(".")


def test_names_that_mean_something_to_a_file_system_are_others(tmp_path: Path) -> None:
    for name in ("", ".", "..", "con", "NUL", "com1.json", "x" * 5000, "я" * 45, "\ud800", "\0"):
        found = file_name(name)
        assert found.partition(".")[0].lower() not in {"con", "nul", "com1"}
        (tmp_path / found).write_text(name, encoding="utf-8", errors="surrogatepass")
    assert len([*tmp_path.iterdir()]) == 10


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(17, 60))
@settings(max_examples=100)
def test_a_bounded_text_is_short_and_stays_what_it_is(text: str, most: int) -> None:
    found = bounded(text, most)
    assert len(found.encode()) <= most
    assert bounded(found, most) == found
    assert (found == text) == (len(text.encode()) <= most)
