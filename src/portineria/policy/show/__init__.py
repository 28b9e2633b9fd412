"""Values to text and JSON, for people and programs: nothing here judges.

`why` one access with its ladder · `plan` what will be done · `ladder` the page
docs/ladder.md. Plain strings: colours and tables belong to the command line. Read `why` first.
"""
