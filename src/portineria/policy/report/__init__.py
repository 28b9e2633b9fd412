"""Posture and findings of a tenant.

A check is one small function a finding, `doors` asks effective access of every mailbox, `whole`
puts both together. `policy/show/report` says it.
"""
