"""Watch a drawing evolve in a notebook.

In a notebook: `from live_notebook import show_steps; sketch = show_steps("cat.jpg", strokes=16)`. From a shell,
`live_notebook.py PHOTO` prints the steps instead, since a terminal shows no pictures.
"""

import sys
from dataclasses import replace
from typing import Any

import taureau


def show_steps(photo: Any, every: int = 5, **settings: Any) -> taureau.Sketch:
    """Draw a photo and show the strokes of every fifth step; an interrupt ends the drawing early.

    Args:
        photo: anything that `taureau.draw` takes.
        every: steps from one picture to the next.
        settings: as for `taureau.draw`.

    Returns:
        The best sketch, also after an interrupt.
    """
    show = _notebook_display()
    run = taureau.Sketcher().steps(photo, **settings)
    try:
        for step in run:
            if step.number % every == 0 or step.number == step.total:
                show(replace(run.sketch, strokes=step.strokes), f"step {step.number} of {step.total}")
    except KeyboardInterrupt:
        run.close()
    show(run.sketch, "the best sketch")
    return run.sketch


def _notebook_display() -> Any:
    """A function that shows a sketch with a title: a picture in a notebook, a line of text elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import SVG, clear_output, display
    except ImportError:
        return _print
    if get_ipython() is None:
        return _print

    def show(sketch: taureau.Sketch, title: str) -> None:
        clear_output(wait=True)
        print(title)
        display(SVG(sketch.svg))

    return show


def _print(sketch: taureau.Sketch, title: str) -> None:
    print(f"{title}: {len(sketch.strokes)} strokes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: live_notebook.py PHOTO")
    show_steps(sys.argv[1])
