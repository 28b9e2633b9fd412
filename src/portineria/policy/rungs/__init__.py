"""The rungs of the ladder, one layer's judgement a file.

`access` is what a rung is asked about and how it answers (yes, no, could not tell), `step` a
rung with its source and confidence, `ladder` their order. A rung returns None where its layer
has nothing to say about this protocol or caller. Read `access`, then `protocol_switch`.
"""
