"""The delivery of queued mails."""
