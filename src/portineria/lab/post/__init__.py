"""The lab's post office: Exchange Online's IMAP, POP3 and SMTP submission in its own words.

`sentences` every line it says · `wire` the tenant as old as the weather makes it · `gates`
`bearer` what is asked at AUTH and at the first command, each with its own refusal ·
`imap pop smtp` the conversations · `folders selected` IMAP's commands · `view` one client's picture
of a folder · `fetch search reading` a message looked at · `mailboxes` where mail lies · `delivery
report` where it goes · `office` what they share · `serve` ports. Read `gates` first.
"""
