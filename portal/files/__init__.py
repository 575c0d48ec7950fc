"""Photos: checked, re-encoded, stored under random names, served to whoever may see what they hang on."""
