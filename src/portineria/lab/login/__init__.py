"""The lab's login: discovery, the token endpoint, and the password sign-in behind basic.

`face` the HTTP endpoints · `tokens` access tokens made and read · `refusals` AADSTS codes and
their bodies · `clients` who the application is · `conditional` which Conditional Access
policies a sign-in meets · `signin` passwords · `refresh` refresh tokens. Read `face` first.
"""
