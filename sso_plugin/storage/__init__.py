"""Where documents live: one JSON document per key, in the AWS CLI's folders and in our own.

`cache` is the contract, `file_cache` keeps it in files, `keys` names all of them. Nothing here
knows what a document means.
"""
