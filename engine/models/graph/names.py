"""Names of classes and functions in saved models: those on a list, and those of the user's own modules.

River's classes are listed one by one in `engine.models.graph.river_classes`. A name is
`module:qualified.name`; it is looked up through classes only, and what is found must be at home there.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType
from typing import Any

from engine.errors import SnapshotError
from engine.models.graph.river_classes import CLASSES

STANDARD_CLASSES = {
    "builtins": (
        "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object",
        "range", "set", "str", "tuple",
    ),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "datetime": ("date", "datetime", "timedelta", "timezone"),
    "numbers": ("Complex", "Integral", "Number", "Rational", "Real"),
    "random": ("Random",),
    "statistics": ("NormalDist",),
    "engine.models.auto": ("TextEncoder",),
}  # fmt: skip

FUNCTIONS = {
    "builtins": ("str.casefold", "str.lower", "str.strip", "str.title", "str.upper"),
    "copy": ("deepcopy",),
    "numpy": ("array", "ones", "zeros"),
    "river._river_rust.vectordict": ("euclidean_distance_dict", "euclidean_distance_tuple"),
    "river.feature_extraction.vectorize": ("strip_accents_unicode", "tokenize_using_regex_pattern"),
    "river.forest.online_extra_trees": (
        "ExtraTrees._detection_mode_all", "ExtraTrees._detection_mode_drop", "ExtraTrees._detection_mode_off",
    ),
    "river.metrics.mutual_info": (
        "_average_arithmetic", "_average_geometric", "_average_max", "_average_min",
    ),
    "river.naive_bayes.gaussian": ("GaussianNB._make_gaussian",),
    "river.tree.splitter.ebst_splitter": (
        "EBSTNode._update_estimator_multivariate", "EBSTNode._update_estimator_univariate",
    ),
    "river.tree.splitter.nominal_splitter_reg": (
        "NominalSplitterReg._update_estimator_multivariate",
        "NominalSplitterReg._update_estimator_univariate",
    ),
    "river.utils.math": ("minkowski_distance",),
}  # fmt: skip
"""Functions that River's models hold. None opens, imports or evaluates anything."""


def _names(listed: Mapping[str, Iterable[str]]) -> frozenset[str]:
    return frozenset(f"{module}:{name}" for module, names in listed.items() for name in names)


_LISTED_CLASSES = _names(STANDARD_CLASSES) | _names(
    {module: names.split() for module, names in CLASSES.items()}
)
_LISTED_FUNCTIONS = _names(FUNCTIONS)


def class_name(kind: type) -> str:
    """The name by which a class is found again.

    Raises:
        SnapshotError: When it is not: it was made in a function, or at run time.
    """
    name = f"{kind.__module__}:{kind.__qualname__}"
    if _found(kind.__module__, kind.__qualname__) is not kind:
        raise SnapshotError(f"{name} is not found under its name; define the class at the top of a module")
    return name


def function_name(function: Callable[..., Any]) -> str:
    """The name by which a function is found again.

    Raises:
        SnapshotError: When it is not: a lambda, or one made in another function.
    """
    module, name = _home(function), function.__qualname__
    if module.startswith("numpy.") and function is _found("numpy", name):
        module = "numpy"
    if _found(module, name) is not function:
        raise SnapshotError(
            f"holds {module}:{name}, which is not found under its name: no lambdas, and no functions made by "
            f"functions; define it at the top of a module"
        )
    return f"{module}:{name}"


def resolved_class(name: str, allow: Iterable[str]) -> type:
    """The class of a name.

    Args:
        name: As `class_name` gave it.
        allow: Modules whose classes may appear besides those on the list.

    Raises:
        SnapshotError: When it is not allowed, or not there.
    """
    found = _listed(name) if name in _LISTED_CLASSES else _resolved(name, False, allow)
    if not isinstance(found, type):
        raise SnapshotError(f"holds {name} as a class, which is none")
    return found


def resolved_function(name: str, allow: Iterable[str]) -> Callable[..., Any]:
    """The function of a name; see `resolved_class`."""
    found = _listed(name) if name in _LISTED_FUNCTIONS else _resolved(name, False, allow)
    if not isinstance(found, FunctionType | BuiltinFunctionType | MethodDescriptorType):
        raise SnapshotError(f"holds {name} as a function, which is none")
    return found


def is_hidden(name: str) -> bool:
    """Whether Python itself may look for an attribute of this name, such as `__class__` or `__deepcopy__`."""
    return name.startswith("__") and name.endswith("__")


@cache
def _listed(name: str) -> Any:
    return _resolved(name, True, ())


def _resolved(name: str, listed: bool, allow: Iterable[str]) -> Any:
    module, _, path = name.partition(":")
    if not listed and not any(module == each or module.startswith(f"{each}.") for each in allow):
        raise SnapshotError(
            f"holds {name}, which is not allowed. If it is your own, name its module in 'allow' of the model"
        )
    try:
        found = _found(module, path)
    except Exception as error:
        # The user's own module may raise anything when it is imported.
        raise SnapshotError(f"holds {name}, whose module cannot be imported: {error}") from error
    if found is None or not (listed or _home(found) == module):
        raise SnapshotError(f"holds {name}, which is not there, or only imported there")
    return found


def _home(found: Any) -> str:
    owner = getattr(found, "__objclass__", found)
    return str(getattr(owner, "__module__", None) or "builtins")


def _found(module: str, path: str) -> Any:
    """What a dotted name leads to, through classes only; `None` when there is nothing."""
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        if is_hidden(part) or not (inspect.ismodule(found) or inspect.isclass(found)):
            return None
        if inspect.ismodule(found) and found.__name__ != module:
            return None
        found = getattr(found, part, None)
    return found
