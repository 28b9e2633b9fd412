"""The gateway's hands: sockets, TLS, listeners, timers.

`leg` one connection with its own TLS · `crossing` one client and the mail server behind it ·
`gate` the listeners and all crossings of one process. Read `crossing` first; what is decided is
decided in `portineria.gateway`.
"""
