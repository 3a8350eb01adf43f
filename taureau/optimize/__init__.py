"""Optimize: move strokes until an objective is low; a generator of steps."""
