"""The monthly settlement (月度集中报销) on the 3rd, and each dealer's statement (月结对账单) (R50–R54)."""
