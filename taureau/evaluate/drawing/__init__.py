"""Drawing the photos of an experiment by several methods, for judges and studies."""
