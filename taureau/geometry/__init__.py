"""Geometry: the canvas, strokes, and cubic Bézier curves; curves and nothing else."""
