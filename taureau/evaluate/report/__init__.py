"""The report of an experiment: what judges recognised, how long drawing took, and all that it takes to repeat it."""
