"""Prints the rows of a query on the sync database as JSON. What the tests look at behind the server's back."""

import json
import sys

import psycopg
from psycopg.rows import dict_row

from quill.installation import SUPERUSER_KEY, secrets_of
from quill.postgres.embedded import EmbeddedPostgres
from quill.postgres.provision import SYNC_DATABASE
from quill.settings import Place

# The log keeps entries and verdicts as the bytes it sends; a test asks about what is in them.
VIEWS = """
CREATE TEMPORARY VIEW record AS
    SELECT organisation_id, id, kind, scope, seq, version, deleted,
           convert_from(bytes, 'UTF8')::jsonb -> 'body' AS body FROM entry;
CREATE TEMPORARY VIEW decided AS
    SELECT organisation_id, op_id, user_id, device_seq, outcome, record_id, conflict_id,
           convert_from(verdict, 'UTF8')::jsonb AS said FROM verdict;
"""

place = Place.from_environment()
postgres = EmbeddedPostgres(place.home, secrets_of(place.home)[SUPERUSER_KEY])
started = not postgres.join()
if started:
    postgres.start()
try:
    with psycopg.connect(postgres.dsn(SYNC_DATABASE), row_factory=dict_row) as connection:
        connection.execute(VIEWS)
        print(json.dumps(connection.execute(sys.argv[1]).fetchall(), default=str))
finally:
    if started:
        postgres.stop()
