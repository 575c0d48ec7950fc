"""Old parts (旧件): registration, label, photos, report, headquarters' review (R30, R33–R36)."""
