"""Reasons to stop before the first write; a brake that is not fitted stops the car.

Each guard is one function of a Case, registered with the word that overrules it. They are
spoken when a plan is made and again, against a fresh snapshot, just before it is applied.
Read `registry`.
"""
