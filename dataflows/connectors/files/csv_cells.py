"""Cells of a CSV row: what the text between two delimiters means."""

import re
from collections.abc import Callable
from functools import lru_cache
from math import isfinite

from dataflows.connectors.files.csv_config import CsvConfig

Value = bool | int | float | str | None

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SPACES = " \u00a0\u202f"
_APOSTROPHES = "'\u2019"
_REMEMBERED = 1 << 14
_SHORT = 32
_INT64 = 1 << 63


def cell_reader(config: CsvConfig) -> Callable[[str], Value]:
    """The function that says what a cell holds.

    A number is one as people write it: codes with zeros in front stay text, and so do whole numbers that do
    not fit into 64 bits and numbers that a float cannot hold.

    >>> read = cell_reader(CsvConfig())
    >>> [read(cell) for cell in ["12", "-0.5", ".5", "1e3", "True", "", "NA", "01234", "+1", "1e999"]]
    [12, -0.5, 0.5, 1000.0, True, None, None, '01234', '+1', '1e999']
    >>> read = cell_reader(CsvConfig(decimal=",", thousands="."))
    >>> [read(cell) for cell in ["1.234,5", "12.000", "1,5", "1.5", "0.123"]]
    [1234.5, 12000, 1.5, '1.5', '0.123']
    """
    words: dict[str, Value] = {**_BOOLEANS, **dict.fromkeys(config.missing), "": None}
    match, group, decimal = _number(config).fullmatch, _group(config.thousands), config.decimal

    def read(cell: str) -> Value:
        stripped = cell.strip()
        if stripped in words:
            return words[stripped]
        number = match(stripped)
        if number is None:
            return cell
        text = re.sub(group, "", stripped) if group else stripped
        return _whole(text, cell) if number.lastgroup is None else _real(text.replace(decimal, "."), cell)

    return read


def _number(config: CsvConfig) -> re.Pattern[str]:
    """A number; only one that is not whole has a group."""
    group, mark = _group(config.thousands), re.escape(config.decimal)
    grouped = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|" if group else ""
    whole = rf"(?:{grouped}0|[1-9][0-9]*)"
    power = "[eE][+-]?[0-9]+"
    return re.compile(
        rf"-?(?:{whole}(?P<real>{mark}[0-9]*(?:{power})?|{power})?|(?P<fraction>{mark}[0-9]+(?:{power})?))"
    )


def _group(thousands: str) -> str:
    """The pattern of a mark between thousands, with its typographic forms; empty for none."""
    forms = {" ": _SPACES, "'": _APOSTROPHES}
    return f"[{forms.get(thousands, thousands)}]" if thousands else ""


def _real(text: str, cell: str) -> Value:
    """The number that a text is, or the cell itself when no float can hold it."""
    real = float(text)
    return real if isfinite(real) else cell


def _whole(text: str, cell: str) -> Value:
    """The whole number that a text is, or the cell itself when it has more than 64 bits."""
    if len(text) > 20:
        return cell
    whole = int(text)
    return whole if -_INT64 <= whole < _INT64 else cell


@lru_cache(maxsize=16)
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One cell, and a whole row, each cell behind a delimiter.

    What RFC 4180 allows: no quote and no carriage return in a cell that is not quoted.
    """
    mark = re.escape(delimiter)
    cell = rf'{mark}(?:"(?:[^"]|"")*+"|[^{mark}"\r]*+)'
    return re.compile(rf'{mark}("(?:[^"]|"")*+"|[^{mark}"\r]*+)'), re.compile(f"(?:{cell})++")


def split_row(text: str, delimiter: str = ",") -> list[str] | None:
    """The cells of a row without its line end, or `None` when its quotes are not as CSV has them.

    >>> split_row('1,"a ""b"", c",'), split_row('1,"a"b'), split_row('5" pipe'), split_row("1;2", ";")
    (['1', 'a "b", c', ''], None, None, ['1', '2'])
    """
    one, row = _patterns(delimiter)
    text = delimiter + text
    if not row.fullmatch(text):
        return None
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in one.findall(text)]


class CellValues(dict[str, Value]):
    """A reader of cells with a memory, bounded: in most columns the same few cells come again and again."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> Value:
        value = self._read(cell)
        if len(cell) <= _SHORT:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = value
        return value


class TextCells(dict[str, str | None]):
    """Cells of columns that are text: as they are, those that mean no value `None`."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(dict.fromkeys(["", *missing]))

    def __missing__(self, cell: str) -> str:
        return cell
