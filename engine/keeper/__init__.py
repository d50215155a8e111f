"""The engine as programs embed it: engines by key, River's verbs, and state that fits the host."""
