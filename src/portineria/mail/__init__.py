"""The grammar of IMAP, POP3, SMTP and SASL as pure machines: bytes in, events out.

`buffer` cuts a stream into lines and octets under limits · `sasl` both ends of a login · `mime` a
message as a tree of parts · `imap pop smtp` one folder a protocol: `words` `grammar` `server`
`client` · `machine` `events` what servers share · `conversation` what clients share · `transcript`
a talk for people, without its secrets. No sentence of any product is in here. Read `buffer` first.
"""
