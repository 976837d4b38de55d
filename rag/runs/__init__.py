"""Long work in a child process: what is asked of it, what it does, and the file that it tells its steps into.

Apart from the server that begins it, so that a child imports no server.
"""
