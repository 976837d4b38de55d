"""The library as tools for programs: the Model Context Protocol (MCP), spoken by the official SDK on stdio or on loopback HTTP.

``shapes`` is what the tools take and give, ``tools`` is what they do with a library, ``serve`` is the door.
"""
