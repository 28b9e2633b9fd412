"""Which way a need is best served by: OAuth, gateway, High Volume Email, relay, direct send, basic.

Words: *need* (somebody who has to send or read), *way*, *option* (one way judged for one need),
*fact* (what Microsoft said, with its date and source). Read `needs`, then `ways`; every date and
number is in `facts`.
"""
