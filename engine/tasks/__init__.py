"""Learning tasks: one object and one file per task; no module here imports River."""
