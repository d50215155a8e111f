"""The tree of errors: everything Riverkeeper raises for a mistake that a user can mend.

A message says where, what was expected, what came and what to do. The command line prints it as one
line and exits with status 2; a traceback is only ever shown for a defect of our own.
"""


def is_fault(error: BaseException) -> bool:
    """Whether code of others has failed, rather than somebody stopping the process.

    A panic of code that is written in Rust, as parts of River are, is no `Exception`.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


class RiverkeeperError(Exception):
    """The root: catch this to catch all of ours."""


class ConfigError(RiverkeeperError):
    """A configuration does not say something that can be built: a wrong key, type or value."""


class MissingExtraError(ConfigError):
    """What was asked for needs a package that is not installed; the message says which extra brings it."""


class ModelError(RiverkeeperError):
    """A model cannot be built, or does not do what the task asks of it."""


class SnapshotError(RiverkeeperError):
    """Saved bytes cannot be restored: damaged, of another version, or holding what is not allowed."""


class InputError(RiverkeeperError):
    """An input cannot be read: not there, of an unknown format, cut off."""


class OutputError(RiverkeeperError):
    """An output cannot be written or does not fit the run that wrote it before."""


class UsageError(RiverkeeperError):
    """An engine is called as it cannot be: by two threads at once, from within itself, after its end."""


class EvaluatorError(RiverkeeperError):
    """The process that judges windows cannot be started or has died more often than it may."""


class RegistryError(RiverkeeperError):
    """The registry cannot be used, or does not hold what is asked for."""


class RunError(RiverkeeperError):
    """A run cannot go on: its processes die, or one of them has met a mistake."""


class StoppedError(RiverkeeperError):
    """Somebody has stopped a run.

    Attributes:
        whole: Whether everything that was read is safe, so that it goes on from there.
    """

    def __init__(self, message: str, *, whole: bool = False) -> None:
        super().__init__(message)
        self.whole = whole
