"""Stories of the demo: each a generator that yields the instant of its next act and then takes it as the right person."""
