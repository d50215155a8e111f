"""The library: online learning that watches its data and its model. It does no input or output.

The layers, each importing only from those before it:

    errors <- records <- contract <- models <- learning <- windows <- monitoring <- supervision
    <- registry <- pipeline

Begin at `engine.core.engine.Engine`.
"""
