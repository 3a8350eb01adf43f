"""Whether networks recognise what drawings show: judges, and how often they are right."""
