"""Tokens over the HTTP door, and what a refused one means.

`refusals` AADSTS codes as faults with a repair · `client_credentials` an application's own
tokens. msal, for certificates and people, lives in doors/identity. Read `refusals` first.
"""
