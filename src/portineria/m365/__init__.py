"""The conversation with Microsoft: builds requests, reads answers into tenant words.

Holds no socket: it is handed a door. `messages` Request and Response · `answers` judges one ·
`retry` wait or give up · `session` joins them · `oauth/ graph/ exchange/` one file a resource ·
`reader` whole families · `resources` single objects, read and written. Read `session` first.
"""
