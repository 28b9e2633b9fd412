"""The lab's Microsoft Graph: the directory, its policies, applications and `$batch`.

`face` takes requests and batches apart · `routes` which path needs which permission · `call`
one authorised call · `query` $filter and paging · `expand` what rows show · the rest one file a
family: `organization` `directory` `roles` `protections` `conditional` `locations` `evaluate`
`applications` `consent`. Read `face` first.
"""
