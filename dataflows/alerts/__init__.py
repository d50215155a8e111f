"""Where alerts go: the log and a webhook. The file `alerts.jsonl` is written by the run's own sink."""
