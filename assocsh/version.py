"""What assocsh calls itself, to people and to peers (PS3.7 D.3.3.2)."""

__version__ = "0.1.0"

IMPLEMENTATION_CLASS_UID = "2.25.219733042198846351218306247830922917145"
IMPLEMENTATION_VERSION = "ASSOCSH_" + __version__.replace(".", "")
