"""Dealers' service-fee schedules 服务费收费标准: drafted by region, approved by headquarters, one in force on any day (R70)."""
