"""One against the rest: a linear model for each class, which tells it from all others."""

from typing import Any

from river.multiclass import OneVsRestClassifier

from engine.models.native import linear
from engine.models.native.recognition import Write, are_classes, attributes, expect


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A model as the crate takes it, and what writes its state."""
    known = attributes(model, OneVsRestClassifier, ("classifier", "classifiers", "_y_name"))
    classifier, classifiers = known["classifier"], known["classifiers"]
    linear.described(classifier)
    fresh, _ = linear.described(classifier.clone())
    expect(fresh["is_classifier"] and type(classifiers) is dict and are_classes(classifiers))
    found = {one: linear.described(of_class) for one, of_class in classifiers.items()}
    models = (classifier, *classifiers.values())
    expect(len({id(part) for each in models for part in (each, each.optimizer)}) == 2 * len(models))
    expect(all(last["is_classifier"] for last, _ in found.values()))
    last = {
        "kind": "one_vs_rest",
        "fresh": fresh,
        "classes": [(one, last) for one, (last, _) in found.items()],
    }

    def write(state: Any) -> None:
        for one, of_class in state["classes"]:
            if one not in classifiers:
                classifiers[one] = classifier.clone()
            linear.write_learned(classifiers[one], of_class)

    return last, write
