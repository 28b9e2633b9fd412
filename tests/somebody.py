"""Somebody who signs in whenever a program opens a browser: the command behind BROWSER in tests.

    BROWSER="python tests/somebody.py CA UPN PASSWORD %s &"

Whoever may not consent goes back to the program.
"""

import sys

from browser import Browser

if __name__ == "__main__":
    ca, upn, password, url = sys.argv[1:]
    Browser(ca, upn, password, press={"Need admin approval": "cancel"}).go(url)
