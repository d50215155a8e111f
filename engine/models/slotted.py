"""Which reducer pickles the objects of a class; those of frozen dataclasses with slots, faster."""

import copyreg
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

_SLOW = getattr(dataclasses, "_dataclass_getstate")  # noqa: B009 - typeshed does not know it
_NEW = getattr(copyreg, "__newobj__")  # noqa: B009 - as above


Reducer = Callable[[Any], Any]


class Dispatch(dict[type, Reducer]):
    """Reducers by class, for `pickle.Pickler.dispatch_table`.

    Those of dataclasses with slots that are frozen are made on first use. What `dataclasses` gives these
    looks all fields up again for each object, which is most of the time that a snapshot takes. The bytes are
    the same.

    Args:
        known: By class.
        named: By the module and the name of a class that may not be imported yet.
    """

    def __init__(self, known: Mapping[type, Reducer], named: Mapping[tuple[str, str], Reducer]) -> None:
        super().__init__(known)
        self._named = named

    def __missing__(self, kind: type) -> Reducer:
        found = self._named.get((kind.__module__, kind.__qualname__))
        if found is not None:
            self[kind] = found
            return found
        if getattr(kind, "__getstate__", None) is not _SLOW:
            raise KeyError(kind)
        names = [field.name for field in dataclasses.fields(kind)]

        def reduced(content: Any) -> Any:
            return _NEW, (kind,), [getattr(content, name) for name in names]

        self[kind] = reduced
        return reduced
