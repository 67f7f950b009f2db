"""What stands behind the commands that are more than one function of the package.

`cli` reads words and prints; the work is done here, for whoever else may want it done.
"""
