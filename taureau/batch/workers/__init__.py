"""Who draws the photos of a batch: processes on this machine, or a Ray cluster, and what one of them does."""
