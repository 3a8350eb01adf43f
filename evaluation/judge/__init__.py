"""The judge: a network that says how recognizable a drawing is and has no part in making it."""
