from portal.core.tables.values import Table


def read_tables(data: bytes, filename: str) -> tuple[Table, ...]:
    raise NotImplementedError


def read_table(data: bytes, filename: str) -> Table:
    raise NotImplementedError
