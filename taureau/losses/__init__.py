"""Losses: what an optimisation lowers: perceptual losses over views, and regularizers of the strokes."""
