"""Use-cases, one verb a file; everything from outside comes through `ports`.

`look` · `apply` and `resume` · `verify` · `probe` · `undo` · `close` · `journal`.
Read `ports` first.
"""
