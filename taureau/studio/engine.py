"""Engine: what the sessions of a studio draw with."""

from dataclasses import dataclass, field

import taureau
from taureau.studio.worker import Worker


@dataclass(frozen=True)
class Engine:
    """What sessions draw with.

    Args:
        worker: the thread that draws.
        encoder: the name of its encoder, as the command line has it.
        reads_text: whether it can draw what a text describes.
        settings: what drawings begin with; the seed is drawn for each session.
    """

    worker: Worker
    encoder: str = "builtin"
    reads_text: bool = False
    settings: "taureau.Settings" = field(default_factory=lambda: taureau.Settings())
