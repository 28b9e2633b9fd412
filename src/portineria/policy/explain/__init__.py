"""Texts that people paste, found, read and brought together with the tenant's state.

*pasted* cleans a log and keeps its line numbers, *pattern* finds a saying of the catalogue in it,
*bodies* reads JSON errors, *find* puts them together, *strange* shows what is not known without
repeating it, *meaning* says what a saying means and *state* which layer it is. Read `find` first.
"""
