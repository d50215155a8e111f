"""How often healthy streams warn or fail, and whether faults in them are found."""
