"""The interpreter starts and ends."""
