"""The studio: a page in the browser where one sees a drawing come about, and says what matters.

`app` is the application, `serve` runs it, `session` is one tab, `worker` draws for all of them in turn.
"""
