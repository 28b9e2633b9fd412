"""SMTP submission (RFC 5321, RFC 6409, RFC 4954, RFC 3030) as pure machines.

`words` limits and the sentences an owner hands in · `grammar` paths and the end of data ·
`parameters` what MAIL and RCPT may carry · `server` and `client` the two ends. Read `words` first.
"""
