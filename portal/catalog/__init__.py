"""The catalogue: categories (品类), models (产品型号), parts (配件), which fit which, price lists (零部件价格表), faults (故障代码)."""
