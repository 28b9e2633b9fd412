"""Password clients in, OAuth out: sessions as pure machines, and who may enter by which door.

`session` one client from its greeting to the pipe, and what its owner has to do for it · `upstream`
the login at the mail server that wants a token · `mailflow` SMTP after the login, command by
command · `bodies` a message on its way through, with one end · `words` what the gateway says ·
`admission` which name, secret, address and moment open which mailbox. Bytes in, events out; nobody
here waits, opens anything or reads a clock. The event loop lives in doors. Read `session` first.
"""
