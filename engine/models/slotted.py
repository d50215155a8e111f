"""How frozen dataclasses with slots are pickled: as `dataclasses` says, to the byte, and faster."""

import copyreg
import dataclasses
from collections.abc import Callable
from typing import Any

_SLOW = getattr(dataclasses, "_dataclass_getstate")  # noqa: B009 - typeshed does not know it
_NEW = getattr(copyreg, "__newobj__")  # noqa: B009 - as above


class Dispatch(dict[type, Callable[[Any], Any]]):
    """Reducers by class, made on first use for dataclasses with slots that are frozen.

    What `dataclasses` gives these looks all fields up again for each object, which is most of the time that
    a snapshot takes. The bytes are the same.
    """

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        if getattr(kind, "__getstate__", None) is not _SLOW:
            raise KeyError(kind)
        names = [field.name for field in dataclasses.fields(kind)]

        def reduced(content: Any) -> Any:
            return _NEW, (kind,), [getattr(content, name) for name in names]

        self[kind] = reduced
        return reduced
