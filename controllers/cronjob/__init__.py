"""CronJob: start Jobs by the calendar.

Mirrors upstream's pkg/controller/cronjob (the second controller, v1.21 and later). `schedule` reads cron expressions
(pure), `controller` starts, replaces and forgets Jobs.
"""
