"""Who somebody is: passwords, second factors, sessions, tokens. Knows nothing of the log."""
