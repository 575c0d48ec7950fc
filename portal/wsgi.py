"""The server's entry: ``gunicorn portal.wsgi:app``."""

from portal.app import create_app
from portal.core.settings import read

app = create_app(read())
