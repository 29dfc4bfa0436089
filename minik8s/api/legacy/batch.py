"""batch/v1beta1: cron jobs as upstream's 1.8 … 1.24 had them; the same fields as in v1."""

from minik8s.api import batch
from minik8s.api.base import sent


class CronJob(batch.CronJob):
    """Starts jobs by the clock."""

    api_version: str = sent("batch/v1beta1")
