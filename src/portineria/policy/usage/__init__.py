"""Who really uses which mail protocol: what logs and reports tell, joined with the switches.

Words: use (one mailbox, method and client, with the evidence), standing (what becomes of it),
idle door (a switch that is open and that nobody was seen to use), source (a log or a report).
Read `use.py` first, then `tally.py` and `judge.py`. Needs are `use.Use` values.
"""
