"""The main job told as a story on the embedded tenant, for `portineria demo`.

`acts` what happens · `telling` how it is told · `oauth.yaml`, `scanner.yaml` the two policies.
The story uses the verbs' own code; it knows nothing that a user could not do. Read `acts`.
"""
