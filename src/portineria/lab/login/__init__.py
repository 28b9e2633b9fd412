"""The lab's login: discovery, the token endpoint, the sign-in pages, and the passwords of basic.

`face` the HTTP endpoints · `grants` one token request, and applications · `people` tokens of
people · `authorize` what an application may ask · `visit` a browser's way through the `pages` ·
`codes` and `devices` what it ends in · `consent` · `conditional` which policies a sign-in meets ·
`signin` passwords and protections · `refusals` AADSTS codes. Read `face` first, then `visit`.
"""
