"""What we write as TOML is what is read back."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from dataflows.toml import comment, key, literal

_scalars = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.dictionaries(st.text(), _scalars | st.lists(_scalars) | st.dictionaries(st.text(), _scalars)))
def test_what_is_written_reads_back(content: dict[str, object]) -> None:
    text = "".join(f"{key(name)} = {literal(value)}\n" for name, value in content.items())
    assert tomllib.loads(text) == content


def test_every_character_can_be_in_names_texts_and_comments() -> None:
    characters = [chr(code) for code in [*range(0xD800), *range(0xE000, 0x11000)]]
    lines = [f"{key(char)} = {literal(char)}" for char in characters]
    assert tomllib.loads("\n".join(lines)) == dict(zip(characters, characters, strict=True))
    # In a comment also what only a file name can hold: bytes that are no UTF-8.
    noted = [line for char in [*characters, "\udcff"] for line in comment(f"{char} a{char}b")]
    text = "\n".join(noted)
    assert tomllib.loads(text.encode().decode()) == {}
    assert all(line.startswith("# ") and len(line) <= 98 for line in text.split("\n"))
