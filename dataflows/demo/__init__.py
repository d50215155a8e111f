"""The demo: the flights of New York 2013."""
