"""The embedded tenant: a stranger that imitates Microsoft from documents and captures.

It has no function that answers "is access allowed": a refusal arises where Microsoft utters
it. `world` the truth and its past · `weather` all misbehaviour · `login graph exchange post`
the faces · `control` the second door for tests · `serve` ports and TLS. Read `world` first.
"""
