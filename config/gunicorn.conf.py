# ruff: noqa: INP001 - gunicorn wants this name and place
"""gunicorn's settings, as ``portal serve`` uses them and ``gunicorn -c config/gunicorn.conf.py portal.wsgi:app`` does.

One process with threads; run two or more of them, each on a port of its own, behind nginx (config/nginx.conf).
"""

worker_class = "gthread"
workers = 1  # systemd runs several of the whole; one that dies takes no other with it
threads = 8  # the pool of database connections is as large
timeout = 60  # seconds without a sign of life, then the worker is replaced
graceful_timeout = 20  # seconds that SIGTERM leaves to the requests in hand (OP4); systemd waits 30
keepalive = 30  # seconds; longer than nginx keeps an idle connection, so that nginx closes first
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
forwarded_allow_ips = "127.0.0.1"
accesslog = None  # nginx keeps one
loglevel = "warning"
control_socket_disable = True
