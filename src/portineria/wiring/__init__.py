"""The one floor that knows every concrete class: from a profile to things that can be used.

`opening` opens what a profile describes · `tenant` what can then be asked of it · `wants` what a
look has to see for a policy or a plan. Read `opening` first.
"""
