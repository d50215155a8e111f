"""Classes: one value for each, however records write it."""

_MOST_DIGITS = 18
"""Longer numbers do not fit into 64 bits, which JSON readers have; as classes they stay text."""


def one_class(value: object) -> object:
    """A class in one writing: 1, 1.0, "1" and true are the class 1; all other values are as they were.

    Files and programs write a class in several ways, and to a model each would be a class of its own.

    >>> one_class("1"), one_class(True), one_class(1.0), one_class("-1")
    (1, 1, 1, -1)
    >>> one_class("01"), one_class("true"), one_class(1.5)
    ('01', 'true', 1.5)
    """
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if len(digits) > _MOST_DIGITS or not (digits.isascii() and digits.isdecimal()):
            return value
        number = int(value)
        return number if str(number) == value else value
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value
