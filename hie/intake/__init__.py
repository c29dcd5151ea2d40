"""The doors for messages: whatever comes in is kept before it is acknowledged."""
