"""IMAP4rev1 (RFC 3501, RFC 9051) as pure machines.

`words` verbs, limits and the sentences an owner hands in · `grammar` commands, literals and
sequence sets · `names` `dates` small ones · `section` what FETCH asks, `structure` what a message
answers · `searching` SEARCH as a tree · `server` and `client` the two ends. Read `words` first.
"""
