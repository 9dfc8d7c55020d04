"""What ``quill reset --yes`` does to the home, without loading all of Quill first: each proof ends with it."""

from quill.postgres.embedded import hold
from quill.postgres.places import erase
from quill.settings import Place

home = Place.from_environment().home
with hold(home):
    erase(home)
