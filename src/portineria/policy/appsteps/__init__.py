"""The steps by which a mail app comes into a mailbox, one judgement a file: `app check`.

`case` is what a step is asked about, `step` how it answers (yes, no, pending, could not tell)
with its papers, `ladder` their order and which one is named. A step returns None where it has
nothing to say about this protocol. Read `case`, then `consent`, then `ladder`.
"""
