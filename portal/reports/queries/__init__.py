"""What home, the search and the audit page read across packages: every SELECT.

``waiting`` counts what waits and for whom, ``doing`` lists a dealer's own to-dos and recent documents, ``finding``
searches, ``trail`` reads the audit events. Row-level security says which rows those are.
"""

from portal.reports.queries.doing import Recent, Task, Usual, recent, tasks, usual_parts
from portal.reports.queries.finding import Hit, dealers, documents, exists, month_of
from portal.reports.queries.trail import Event, TrailFilters, trail
from portal.reports.queries.waiting import Waiting, cycle, waiting

__all__ = [
    "Event", "Hit", "Recent", "Task", "TrailFilters", "Usual", "Waiting", "cycle", "dealers", "documents", "exists", "month_of", "recent",
    "tasks", "trail", "usual_parts", "waiting",
]  # fmt: skip
