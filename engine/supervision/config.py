"""When to suspect the champion, and how much evidence it takes to change what serves."""

from pydantic import Field

from engine.records.config import Section


class SupervisionConfig(Section):
    """Champion, vetted checkpoints and shadows."""

    on_fail: bool = Field(default=True, description="A window that fails opens a suspicion.")
    on_warn: bool = Field(default=True, description="A window that warns opens a suspicion.")
    on_loss_drift: bool = Field(
        default=True, description="A rise of the champion's loss, found by ADWIN, opens a suspicion."
    )
    checkpoints: int = Field(
        default=6, ge=1, description="Vetted checkpoints kept, spaced further apart the older they are."
    )
    shadows: int = Field(
        default=2, ge=1, description="Most checkpoints that come alive as shadows under one suspicion."
    )
    alpha: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="Chance of a wrong change per suspicion, over all shadows and however often one looks.",
    )
    min_events: int = Field(
        default=500,
        ge=1,
        description="Labelled events that a trial must cover before it decides; below the window's count. "
        "Choose it so that it spans the stream's ups and downs: a spell of some hundred events in which "
        "the shadow is better proves nothing.",
    )
    tolerance: float = Field(
        default=0.01,
        ge=0,
        description="A difference in mean loss up to this share does not matter: it clears the champion, "
        "and it is not enough for a change.",
    )
    patience: int = Field(
        default=8,
        ge=2,
        description="Failed windows in a row after which the change is taken for the world's, not a "
        "fault: the reference moves on and the champion is cleared.",
    )
    cooldown: int = Field(
        default=1000, ge=0, description="Labelled events after a change during which there is no other."
    )
