"""Refusal: a request that cannot be answered, with the status that says so."""

import taureau


class Refused(taureau.InputError):
    """A request that cannot be answered.

    Args:
        status: of HTTP, such as 404.
        text: why, and what to do.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
