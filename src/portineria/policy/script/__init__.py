"""A plan as PowerShell, for admins who trust, review and schedule that.

`quoting` text that cannot break out of a script · `render` a plan as a script, with the rows of
its mailboxes beside it · `apply.ps1` what every such script does with its changes · `export.ps1`
the way in without granting us anything · `classics` what admins look for first. Read `render`
first, then `apply.ps1`.
"""
