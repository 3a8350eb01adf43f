"""A study with people: static pages that ask what a drawing shows, a server for their answers, and their analysis."""
