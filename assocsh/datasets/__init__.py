"""Data sets: identifiers, Part 10 files, their way onto a context, and received ones onto the disk.

``spelling`` and ``paths`` how a tag and a path are written · ``dictionary`` tags, SOP classes and
transfer syntaxes by any name · ``vrs``, ``uid_form`` and ``levels`` what each of them is ·
``identifiers`` what was typed into a data set, and ``codec`` into bytes and back · ``part10`` and
``transcode`` files as streams · ``contexts`` the context that carries one · ``receive`` instances
from a peer, whole or not at all, ``spool`` the files they go into, ``disk_speed`` whether the disk
is quick. Nothing here waits for a network, and pydicom is loaded when needed.
"""
