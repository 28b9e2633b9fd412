"""SMTP submission (RFC 5321, RFC 6409, RFC 4954, RFC 3030) as pure machines.

`words` limits and the sentences an owner hands in · `grammar` paths, parameters and the end of
data · `server` and `client` the two ends. Read `words` first.
"""
