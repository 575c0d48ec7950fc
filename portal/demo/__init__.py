"""The demo: two brands' workbooks, loaded and played through the same actions that pages use."""
