"""The command line: a face, and the only place that starts an event loop or knows the lab.

`main` exit codes and errors · `frame` verbs, groups and the options of every verb · `commands`
one file a verb · `faces` values as tables and JSON · `story` the demo. Read `main` first.
Commands import in their bodies, so that `portineria --help` starts quickly.
"""
