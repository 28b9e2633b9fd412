"""Words: what a Microsoft 365 tenant is made of, as frozen values without side effects.

`mailbox` protocols, switches, mailboxes · `people` users, groups, roles, domains ·
`access` Conditional Access, authentication policies, tenant settings · `apps` applications
and their rights · `caller` who logs in · `naming` when two names are one · `snapshot` what was
seen. Read `snapshot` first.
"""
