"""Exchange Online's admin REST face: cmdlets over HTTP, as its PowerShell module calls them.

`declare` what a cmdlet, a parameter and a call are · one file a family of cmdlets · `invoke`
one call, from bytes to envelope · `batch` ten of them · `faults` every error it can utter ·
`habits` what is disputed or configurable. Read `declare`, then `casmailbox`, then `invoke`.
"""
