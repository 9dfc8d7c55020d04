"""What stops an installation from starting, said in one sentence for the person who started it."""


class SetupError(Exception):
    """Shown alone, without a traceback; the process then ends with status 1."""
