"""The errors that taureau raises on purpose.

Each names the thing, the rule, the value and the next step, and carries the exit code that the command
line ends with. Anything else that escapes is a bug.
"""


class TaureauError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 1


class InputError(TaureauError, ValueError):
    """What the user gave (a photo, a path, a number, a name) cannot be used."""

    exit_code = 3


class WeightsError(TaureauError):
    """The weights of an encoder are missing, damaged or of another architecture."""

    exit_code = 4


class BackendError(TaureauError):
    """A rasteriser backend, a device or an optional package is not available here."""

    exit_code = 4
