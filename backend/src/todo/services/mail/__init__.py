"""The queue of mails."""
