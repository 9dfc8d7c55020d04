"""Prints the rows of a query on the sync database as JSON. What the tests look at behind the server's back."""

import json
import sys

import psycopg
from psycopg.rows import dict_row

from quill.installation import SUPERUSER_KEY, secrets_of
from quill.postgres.embedded import EmbeddedPostgres
from quill.postgres.provision import SYNC_DATABASE
from quill.settings import Place

place = Place.from_environment()
postgres = EmbeddedPostgres(place.home, secrets_of(place.home)[SUPERUSER_KEY])
started = not postgres.join()
if started:
    postgres.start()
try:
    with psycopg.connect(postgres.dsn(SYNC_DATABASE), row_factory=dict_row) as connection:
        print(json.dumps(connection.execute(sys.argv[1]).fetchall(), default=str))
finally:
    if started:
        postgres.stop()
