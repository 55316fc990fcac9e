"""What lies between two formats: a request made to fit the model that will answer it.

Pure functions over the hub's values. Must never read a clock, open a socket, or know how a format writes its bytes.
"""
