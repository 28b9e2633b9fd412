"""The grammar of IMAP, POP3, SMTP and SASL as pure machines: bytes in, events out.

`buffer` cuts a stream into lines and octets under limits · `sasl` what credentials look like
at both ends · `events` what a server machine reports · `imap pop smtp` one folder a protocol:
`words` `grammar` `server` `client` · `machine` and `conversation` what the servers and what the
clients share · `transcript` a talk for people, without its secrets. No sentence of any product is in here. Read `buffer` first.
"""
