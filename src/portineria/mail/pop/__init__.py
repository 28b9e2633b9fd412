"""POP3 (RFC 1939, RFC 2449, RFC 5034) as pure machines.

`words` verbs, limits and the sentences an owner hands in · `grammar` commands and multi-line
bodies · `server` and `client` the two ends. Read `words` first.
"""
