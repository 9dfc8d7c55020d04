"""Hypothesis without deadlines: a busy machine is no fault, and a fault here is never one of time."""

from hypothesis import settings

settings.register_profile("quill", deadline=None)
settings.load_profile("quill")
