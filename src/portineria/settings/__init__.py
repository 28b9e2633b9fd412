"""What a person types into a mail program, or a file that does it for them.

`given` says what works for one mailbox and one client, and what does not and why; `clients` is what
is known of programs and devices; `formats` write it down.
"""
