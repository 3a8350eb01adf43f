"""The paper's experiments on one's own pictures; a door to the library that uses only its public names.

`drawing` draws photos by several methods, `recognize` asks networks what they show, and `study` asks people.
Optional packages are imported where they are needed; they come with `pip install 'taureau[evaluate]'`.
"""
