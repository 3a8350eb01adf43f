"""Names as the terminal may see them: a file's name can hold anything, also what moves the cursor or hides text."""

import os
import re

# Before these and after them, a name stays recognisable.
_BEGINNING_SHARE = 0.6
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def shown(name: object, most: int | None = None) -> str:
    """A text on one line, with what cannot be printed escaped.

    Args:
        name: a path, or any text that holds one.
        most: how many characters it may take, at least 5; None for all.
    """
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(name))
    if most is None or len(text) <= most:
        return text
    beginning = round((most - 1) * _BEGINNING_SHARE)
    return f"{text[:beginning]}…{text[len(text) - (most - 1 - beginning) :]}"


def without_secrets(text: str) -> str:
    """A text without the user's tokens, and without the names and passwords of web addresses."""
    for variable in _SECRET_VARIABLES:
        token = os.environ.get(variable, "").strip()
        if len(token) > 3:
            text = text.replace(token, "***")
    return _PASSWORD.sub("***@", text)
