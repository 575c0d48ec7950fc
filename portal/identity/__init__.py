"""Logins (账号), members (成员: one login's place in one brand, at HQ or a dealer), roles, sessions."""
