"""Reimbursement claims (保修期内配件费用报销单): lines, checks, review line by line (R40–R44)."""
