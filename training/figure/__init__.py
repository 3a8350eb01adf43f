"""Teaches the figure network what a subject is: things cut out of plain ground and laid on photos."""
