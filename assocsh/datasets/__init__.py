"""Data sets: identifiers, Part 10 files, their way onto a context, and received ones onto the disk.

``dictionary`` tags, SOP classes and transfer syntaxes by any name · ``identifiers`` what was typed
into a data set, and ``codec`` into bytes and back · ``part10`` and ``transcode`` files as streams ·
``matching`` the context that carries one · ``receive`` instances from a peer, whole or not at all,
``spool`` the files they go into, ``pace`` whether the disk is quick ·
``visible`` text from outside. Nothing here waits for a network, and pydicom is loaded when needed.
"""
