"""River models from a specification, and safe saving and loading."""
