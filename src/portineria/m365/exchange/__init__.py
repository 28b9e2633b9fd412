"""Exchange's admin commands, one file a resource, over InvokeCommand.

`mailboxes` the joined listing and its switches · `recipients` what is not a mailbox · `tenant`
transport, organization, mailbox plans · `authentication` policies and who has them · `rights`
of applications. `match` guards against answers about somebody else: read it first.
"""
