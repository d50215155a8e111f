"""When to suspect the champion, and how much evidence it takes to change what serves."""

from typing import Literal, Self

from pydantic import Field

from engine.records.config import Section

_MIN_EVENTS = 500
_COOLDOWN = 1000


class SupervisionConfig(Section):
    """Champion, vetted checkpoints and shadows."""

    automatic: bool = Field(
        default=True,
        description="What has proved better takes over. false: an alert says so, and a person decides.",
    )
    serve: Literal["together", "switch"] = Field(
        default="together",
        description="What is served while the champion is suspected. together: the joint prediction of the "
        "candidates, each with its weight, which follows their losses. switch: the prediction of the one "
        "with the largest weight, as always for anomaly detectors.",
    )
    on_fail: bool = Field(default=True, description="A window that fails opens a suspicion.")
    on_warn: bool = Field(default=True, description="A window that warns opens a suspicion.")
    on_loss_drift: bool = Field(
        default=True, description="A rise of the champion's loss, found by ADWIN, opens a suspicion."
    )
    on_baseline: bool = Field(
        default=True,
        description="What is served falls behind the baseline (class shares or mean so far) over a window: "
        "that opens a suspicion.",
    )
    on_loss_rise: bool = Field(
        default=True,
        description="The loss over a window, as a share of the baseline's, is clearly higher than it has "
        "been: that opens a suspicion, and vetted shadows do not learn from the window.",
    )
    on_null_outputs: bool = Field(
        default=True,
        description="Too many predictions are null although the model has learned "
        "(`monitoring.rates.null_fail`): that opens a suspicion. In a comparison a null prediction is worse "
        "than any other.",
    )
    mask: bool = Field(
        default=True,
        description="Where features fail, a shadow without them is among the candidates. When it proves "
        "better, these features are missing for every model until they pass again.",
    )
    reset: bool = Field(
        default=True,
        description="A fresh model that learns only since the suspicion is among the candidates.",
    )
    guard: bool = Field(
        default=True,
        description="What is unlike anything in windows that passed (far beyond their range, stuck, of "
        "another distribution) is hidden from a copy of the champion. When that copy is clearly better a "
        "suspicion opens, and it is among the candidates.",
    )
    on_label_fail: Literal["hold", "trust"] = Field(
        default="hold",
        description="When the labels themselves fail (`monitoring.drift.columns.label.fail` says from where "
        "on; without it they only warn). hold: nothing is learned or compared, and the last vetted "
        "checkpoint serves, until they pass again. trust: they are labels like any.",
    )
    checkpoints: int = Field(
        default=6, ge=1, description="Vetted checkpoints kept, spaced further apart the older they are."
    )
    shadows: int = Field(
        default=1,
        ge=1,
        description="Most checkpoints that come alive as shadows under one suspicion: the newest, and "
        "those that do best on the labelled events still at hand.",
    )
    alpha: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="Chance of a wrong change per suspicion, over all candidates and however often one "
        "looks.",
    )
    min_events: int | None = Field(
        default=None,
        ge=1,
        description="Labelled events that a trial must cover before it decides; below the window's count. "
        "When omitted half of `window.count`, at most 500; with `window.seconds` 500. "
        "Choose it so that it spans the stream's ups and downs: a spell of some hundred events in which "
        "the shadow is better proves nothing.",
    )
    tolerance: float = Field(
        default=0.01,
        ge=0,
        description="A difference in mean loss up to this share does not matter: it clears the champion, "
        "and it is not enough for a change.",
    )
    gate_margin: float = Field(
        default=0.0,
        ge=0,
        description="With input.holdout: the share of the champion's loss there by which the upper end of "
        "the 95 % interval may show a challenger worse, for it to be promoted.",
    )
    patience: int = Field(
        default=8,
        ge=2,
        description="Failed windows in a row after which the change is taken for the world's, not a "
        "fault: the reference moves on and the champion is cleared.",
    )
    cooldown: int | None = Field(
        default=None,
        ge=0,
        description="Labelled events after a change during which there is no other. When omitted "
        "`window.count`, at most 1000; with `window.seconds` 1000.",
    )
    compare_after: int = Field(
        default=3,
        ge=0,
        description="Windows for which the model that was replaced goes on as a challenger, and longer while "
        "it has a tenth of the weight in what is served: it shows what would have happened otherwise, and "
        "comes back if it proves better.",
    )

    @property
    def trial_events(self) -> int:
        """`min_events`, or its default."""
        return _MIN_EVENTS if self.min_events is None else self.min_events

    @property
    def pause(self) -> int:
        """`cooldown`, or its default."""
        return _COOLDOWN if self.cooldown is None else self.cooldown

    def fitted(self, count: int) -> Self:
        """The same for windows of so many outcomes, which bound what was omitted.

        >>> fitted = SupervisionConfig(cooldown=700).fitted(250)
        >>> fitted.trial_events, fitted.pause
        (125, 700)
        """
        derived = {"min_events": min(_MIN_EVENTS, count // 2), "cooldown": min(_COOLDOWN, count)}
        omitted = [name for name in derived if getattr(self, name) is None]
        return self.model_copy(update={name: derived[name] for name in omitted})
