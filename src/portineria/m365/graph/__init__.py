"""Microsoft Graph, one file a resource: reading into tenant words, writing a change's fields.

`security_defaults` · `conditional_access` with `named_locations` · `users`, `groups`, `roles` ·
`organization` domains and licences · `apps` applications and consent. Read `users` first.
"""
