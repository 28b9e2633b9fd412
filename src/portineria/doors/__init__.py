"""Doors to the outside: the only HTTP client, msal, sockets, files and concurrency there are.

`http` carries requests · `identity` gets tokens · `stream` opens mail connections · `crew` works
on several things at once · `files` keeps state safely · `journal` a run's story. Each implements
a port of `run.ports` or `m365.messages`: read those first.
"""
