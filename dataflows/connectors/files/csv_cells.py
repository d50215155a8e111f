"""Cells of a CSV row: what text between commas means."""

import re
from math import isfinite

Value = bool | int | float | str | None

_WORDS: dict[str, Value] = {"": None, "true": True, "True": True, "false": False, "False": False}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# What RFC 4180 allows: no quote and no carriage return in a cell that is not quoted.
_CELL = re.compile(r',("(?:[^"]|"")*+"|[^",\r]*+)')
_ROW = re.compile(r'(?:,(?:"(?:[^"]|"")*+"|[^",\r]*+))++')
_REMEMBERED = 1 << 14
_SHORT = 32
_INT64 = 1 << 63


def cell_value(cell: str) -> Value:
    """What a cell holds: a number only when it is one as JSON writes it, so codes keep their zeros.

    Whole numbers that do not fit in 64 bits and numbers that a float cannot hold stay text.

    >>> [cell_value(cell) for cell in ["12", "-0.5", "1e3", "True", "", "01234", "+1", "NaN", "1e999"]]
    [12, -0.5, 1000.0, True, None, '01234', '+1', 'NaN', '1e999']
    """
    if cell in _WORDS:
        return _WORDS[cell]
    number = _NUMBER.fullmatch(cell)
    if number is None:
        return cell
    if number.lastindex:
        real = float(cell)
        return real if isfinite(real) else cell
    if len(cell) > 20:
        return cell
    whole = int(cell)
    return whole if -_INT64 <= whole < _INT64 else cell


def split_row(text: str) -> list[str] | None:
    """The cells of a row without its line end, or `None` when its quotes are not as CSV has them.

    >>> split_row('1,"a ""b"", c",'), split_row('1,"a"b'), split_row('5" pipe')
    (['1', 'a "b", c', ''], None, None)
    """
    text = "," + text
    if not _ROW.fullmatch(text):
        return None
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in _CELL.findall(text)]


class CellValues(dict[str, Value]):
    """`cell_value` with a memory, bounded: in most columns the same few cells come again and again."""

    def __missing__(self, cell: str) -> Value:
        value = cell_value(cell)
        if len(cell) <= _SHORT:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = value
        return value
