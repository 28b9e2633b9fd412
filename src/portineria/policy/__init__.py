"""Judgement, pure and synchronous: is this access open, what should change, may it.

`effective` walks the ladder of `rungs/` · `verdict` its three outcomes · `refusals` what a wire
text can mean · `desired` and `policyfile` what was asked · `cells` who gets what · `change`,
`plan`, `planner`, `guards/` what will be done. Read `verdict`, then `effective`.
"""
