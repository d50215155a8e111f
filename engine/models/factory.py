"""Builds a River model from a specification that fits in a configuration file.

- `"tree.HoeffdingTreeClassifier"`: a class of River by its dotted name
- `"my_module:make_model"`: a function of the user's own that returns a model
- `{"type": "optim.SGD", "lr": 0.01}`: either of these with parameters; `args` holds positional ones
- `["preprocessing.StandardScaler", ...]`: a pipeline, step after step
- `"auto"` as a step: the preprocessing of `engine.models.auto`

In Python also, and in any of these places:

- a River model: a fresh model like it is built, with its parameters and without what it has learned
- a function, or a class, that returns a model: it is called without arguments

A name may begin with `river.`.

Parameters are built the same way when they are tables with a `type`, or lists that end in one: such a list is
a pipeline too, unless the parameter takes a list (`models` of an ensemble), when it is a list of models.
"""

import copy
import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from typing import Any

import river
from river import base, compose

from engine.errors import ModelError
from engine.models import auto
from engine.models.config import AUTO, Spec

_NEARLY = 0.85
"""Least likeness of two names, from 0 to 1, that are taken for the same."""

_DEEPEST = 2
"""Dots in the names of modules that are searched: `river.optim.schedulers` has two."""


def build(spec: Spec, where: str = "model") -> base.Estimator:
    """A fresh, untrained model.

    Args:
        spec: What to build.
        where: The name of this place in the configuration, for messages.

    Raises:
        ModelError: If the specification does not describe an object that can be built.

    >>> model = build(["preprocessing.StandardScaler", {"type": "linear_model.LogisticRegression", "l2": 1}])
    >>> list(model.steps), model["LogisticRegression"].l2
    (['StandardScaler', 'LogisticRegression'], 1)
    """
    model = make(spec, where)
    if not isinstance(model, base.Estimator):
        raise ModelError(f"{where}: expected a River estimator, got {type(model).__name__}")
    return model


def make(spec: Any, where: str) -> Any:
    """The object that a specification describes, of any kind: a model, a metric, an optimiser.

    Raises:
        ModelError: If it does not describe an object that can be built.
    """
    if auto.is_auto(spec):
        return auto.make_preprocessing()
    if isinstance(spec, str):
        return _call(_resolve(spec, where), [], {}, spec, where)
    if _is_object(spec):
        return _fresh(spec, where)
    if isinstance(spec, list):
        if not spec:
            raise ModelError(f"{where}: a pipeline needs at least one step, got an empty list")
        return _pipeline(spec, where)
    if isinstance(spec, dict) and isinstance(spec.get("type"), str):
        return _object(spec, where)
    if callable(spec):
        return _call(spec, [], {}, getattr(spec, "__qualname__", type(spec).__name__), where)
    raise ModelError(f"{where}: expected a name, a list of steps or a table with a 'type', got {spec!r}")


def _is_object(spec: Any) -> bool:
    """Whether it is an object of River's, or a model of the user's own."""
    return isinstance(spec, base.Base) or (hasattr(spec, "learn_one") and not inspect.isclass(spec))


def _fresh(model: Any, where: str) -> Any:
    """A model like this one that has learned nothing: it is one of many, and the user's stays as it is."""
    try:
        return model.clone() if hasattr(model, "clone") else copy.deepcopy(model)
    except Exception as error:
        # It is the user's object: it may raise anything.
        raise ModelError(
            f"{where}: this {type(model).__name__} cannot be copied: {type(error).__name__}: {error}. Keep "
            "every argument of its __init__ under its own name, as River's models do, or give a function "
            "that makes it."
        ) from error


def _object(spec: dict[str, Any], where: str) -> Any:
    target = _resolve(spec["type"], where)
    args = spec.get("args", [])
    if not isinstance(args, list):
        raise ModelError(f"{where}.args: expected a list, got {args!r}")
    positional = [_value(value, f"{where}.args[{i}]") for i, value in enumerate(args)]
    parameters = {}
    for name, value in spec.items():
        if name in {"type", "args"}:
            continue
        place = f"{where}.{name}"
        if isinstance(value, list) and _takes_list(target, name):
            parameters[name] = [_value(item, f"{place}[{i}]") for i, item in enumerate(value)]
        else:
            parameters[name] = _value(value, place)
    return _call(target, positional, parameters, spec["type"], where)


def _takes_list(target: Any, parameter: str) -> bool:
    """Whether a parameter is annotated as a list (`models: list[...]` of an ensemble), not as one object."""
    try:
        found = inspect.signature(target).parameters.get(parameter)
    except (TypeError, ValueError):
        return False
    return found is not None and str(found.annotation).lower().startswith(("list", "typing.list"))


def _pipeline(spec: list[Any], where: str) -> compose.Pipeline:
    """A pipeline; what stands last decides how "auto" prepares text."""
    made = {i: _step(step, f"{where}[{i}]") for i, step in enumerate(spec) if not auto.is_auto(step)}
    hashes = auto.is_linear(made.get(len(spec) - 1))
    steps = range(len(spec))
    return compose.Pipeline(
        *(made[i] if i in made else auto.make_preprocessing(hashes=hashes) for i in steps)
    )


def _step(spec: Any, where: str) -> Any:
    """A step of a pipeline: an estimator, or a function of the user's own that changes features."""
    made = make(spec, where)
    if not isinstance(made, base.Estimator) and not inspect.isroutine(made):
        raise ModelError(f"{where}: expected a step of a pipeline, got {type(made).__name__}")
    return made


def _value(value: Any, where: str) -> Any:
    """A parameter: a nested object where it has a `type`, a pipeline where it is a list of such."""
    if isinstance(value, dict):
        if "type" in value:
            return make(value, where)
        return {name: _value(item, f"{where}.{name}") for name, item in value.items()}
    if isinstance(value, list):
        if value and isinstance(value[-1], dict) and "type" in value[-1]:
            return make(value, where)
        return [_value(item, f"{where}[{i}]") for i, item in enumerate(value)]
    return _fresh(value, where) if _is_object(value) else value


def _call(target: Any, positional: list[Any], parameters: dict[str, Any], name: str, where: str) -> Any:
    try:
        return target(*positional, **parameters)
    except Exception as error:
        # A constructor or the user's factory may raise anything; the cause is its configuration.
        hint = ""
        if inspect.isclass(target) and isinstance(error, TypeError):
            known = ", ".join(inspect.signature(target).parameters)
            hint = f"; it takes: {known or 'no parameters'}"
        raise ModelError(f"{where}: {name} cannot be built: {error}{hint}") from error


def _resolve(name: str, where: str) -> Any:
    if ":" in name:
        return own(name, where)
    path, _, attribute = name.removeprefix("river.").rpartition(".")
    if not path:
        raise ModelError(
            f"{where}: expected a dotted River name such as 'linear_model.LogisticRegression', "
            f"'module:function' or 'auto', got {name!r}{_did_you_mean(path, attribute)}"
        )
    try:
        module = importlib.import_module(f"river.{path}")
    except ImportError as error:
        hint = _did_you_mean(path, attribute)
        raise ModelError(f"{where}: River has no module {path!r} (from {name!r}){hint}") from error
    target = getattr(module, attribute, None)
    if not inspect.isclass(target) or not target.__module__.startswith("river."):
        hint = _did_you_mean(path, attribute)
        raise ModelError(f"{where}: river.{path} has no class {attribute!r}{hint}")
    return target


def _did_you_mean(path: str, attribute: str) -> str:
    """The class of River that a name comes closest to, as the end of a message; empty when none is close.

    In the module that was named it need only resemble the name; elsewhere it must be nearly the same.
    """
    everywhere = {"": [AUTO]} | _river_classes()
    near = get_close_matches(attribute, everywhere.get(path, ()), n=1)
    if near:
        return f"; did you mean {path}{'.' if path else ''}{near[0]}?"
    places = {name: place for place, names in everywhere.items() for name in names}
    near = get_close_matches(attribute, places, n=1, cutoff=_NEARLY)
    return f"; did you mean {places[near[0]]}.{near[0]}?" if near else ""


def _river_classes() -> dict[str, list[str]]:
    """River's public classes by module. All of River is imported for it, which takes a second or two."""
    found: dict[str, list[str]] = {}
    for info in pkgutil.walk_packages(river.__path__, "river."):
        if info.ispkg and info.name.count(".") <= _DEEPEST:
            module = importlib.import_module(info.name)
            names = [
                name for name in getattr(module, "__all__", ()) if inspect.isclass(vars(module).get(name))
            ]
            found[info.name.removeprefix("river.")] = names
    return found


def own(name: str, where: str) -> Any:
    """The user's own `module:function`.

    Raises:
        ModelError: If the module cannot be imported or has no such function.
    """
    module_name, _, function = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        # It is the user's code: it may raise anything, and a name may be none that can be imported.
        raise ModelError(
            f"{where}: cannot import {module_name!r} (from {name!r}): {type(error).__name__}: {error}. "
            "It must lie beside the configuration file or be installed."
        ) from error
    target = getattr(module, function, None)
    if not callable(target):
        raise ModelError(f"{where}: {module_name} has no function {function!r}")
    return target
