"""The dealer portal: parts, warranty and the money between a brand's headquarters and its dealers."""
