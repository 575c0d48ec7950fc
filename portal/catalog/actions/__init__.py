"""What happens to the catalogue: files come in whole or not at all, a future price list is withdrawn."""

from portal.catalog.actions.dealers import examine_dealers, load_dealers
from portal.catalog.actions.faults import examine_faults, load_faults
from portal.catalog.actions.names import begin_load, ensure_categories, ensure_models, finish_load, refuse_bad
from portal.catalog.actions.prices import examine_prices, load_prices, withdraw_list
from portal.catalog.actions.uploads import change_first_day, discard_upload, finish_upload, record_load, store_upload

__all__ = [
    "begin_load",
    "change_first_day",
    "discard_upload",
    "ensure_categories",
    "ensure_models",
    "examine_dealers",
    "examine_faults",
    "examine_prices",
    "finish_load",
    "finish_upload",
    "load_dealers",
    "load_faults",
    "load_prices",
    "record_load",
    "refuse_bad",
    "store_upload",
    "withdraw_list",
]
