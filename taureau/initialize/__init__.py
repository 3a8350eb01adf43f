"""Initialize: the strokes that an optimisation begins with."""
