"""The server's entry: ``gunicorn portal.wsgi:app``."""

from portal.app import create_app
from portal.core.db import db
from portal.core.provision import refuse_powerful
from portal.core.settings import read

app = create_app(read())
with app.app_context():
    refuse_powerful(db.engine)
