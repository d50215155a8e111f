"""Triggers: reasons to suspect the champion. One file each; `registry` names them all."""
