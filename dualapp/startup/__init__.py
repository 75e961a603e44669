"""What makes ``DUALAPP_AS_FLASK=1`` work in servers that dualapp does not start.

Both files here are installed beside the package, at the top of site-packages. Python reads the
``.pth`` file when an interpreter starts, also in a reloader's child or a spawned worker; with the
variable set it imports ``_dualapp_as_flask``, which waits for the first import of ``flask``.
Without the variable it does nothing.
"""
