"""The webhook server of the webhook tests."""

from tests.component.webhooks.conftest import webhook, webhook_pki

__all__ = ["webhook", "webhook_pki"]
