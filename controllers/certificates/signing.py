"""Signs approved CertificateSigningRequests of the cluster's own four signers.

Mirrors upstream's pkg/controller/certificates/signer/signer.go. Leaves out one CA per signer: all four use
--cluster-signing-cert-file. Approving is a person's work (`kubectl certificate approve`): csrapproving is left out.

Invariants
    - Only what carries Approved, and neither Denied nor Failed nor a certificate, is signed.
    - A request that a signer's rules refuse is marked Failed, once, with the reason; it is not tried again.
"""

import asyncio
import base64

from minik8s.api.certificates import CertificateSigningRequest as Request
from minik8s.api.certificates import CertificateSigningRequestCondition as Condition
from minik8s.api.meta import format_time
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.controllers.certificates.authority import Authority, RequestError, parse_request
from minik8s.controllers.certificates.signers import SIGNER_NAMES, compute_refusal
from minik8s.controllers.context import Context

log = get_logger(__name__)
#: upstream's shortest certificate, whatever spec.expirationSeconds says
MIN_SECONDS = 600


def is_due(request: Request) -> bool:
    """Approved, ours, and not yet answered."""
    decided = {condition.type for condition in request.status.conditions if condition.status == "True"}
    answered = bool(request.status.certificate) or decided & {"Denied", "Failed"}
    return "Approved" in decided and not answered and request.spec.signer_name in SIGNER_NAMES


def compute_seconds(asked: int | None, longest: float) -> float:
    """How long a certificate is good: what was asked for, between ten minutes and the signer's own limit."""
    return longest if asked is None else min(max(float(asked), MIN_SECONDS), longest)


class SigningController(Controller):
    """Keys are requests' names."""

    name = "csrsigning"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        options = context.options
        self.seconds = options.cluster_signing_duration
        self.authority = Authority(options.cluster_signing_cert_file, options.cluster_signing_key_file)
        self.able = bool(options.cluster_signing_cert_file and options.cluster_signing_key_file)
        self.requests: Informer[Request] = self.use(context.informer(Request))
        self.requests.add_handler(lambda event, old, new: self.enqueue(new or old))

    async def reconcile(self, key: str) -> float | None:
        request = self.requests.get(key)
        if request is None or not is_due(request):
            return None
        if not self.able:
            log.warning("cannot sign: no --cluster-signing-cert-file and key", request=key)
            return None
        changed = request.model_copy(deep=True)
        try:
            # some ms of arithmetic, and two files
            refusal, certificate = await asyncio.to_thread(self._answer, request, self.clock.now())
        except RequestError as error:
            refusal, certificate = f"unable to parse csr: {error}", b""
        if refusal:
            changed.status.conditions.append(self._failure(refusal))
        else:
            changed.status.certificate = base64.b64encode(certificate).decode()
        try:
            await self.client.update_status(changed)
        except NotFound:
            return None
        return None

    def _answer(self, request: Request, now: float) -> tuple[str, bytes]:
        spec = request.spec
        parsed, wanted = parse_request(base64.b64decode(spec.request), spec.usages)
        refusal = compute_refusal(spec.signer_name, wanted)
        if refusal:
            return refusal, b""
        seconds = compute_seconds(spec.expiration_seconds, self.seconds)
        return "", self.authority.sign(parsed, spec.usages, seconds, now)

    def _failure(self, message: str) -> Condition:
        now = format_time(self.clock.now())
        return Condition(
            type="Failed", status="True", reason="SignerValidationFailure", message=message,
            last_update_time=now, last_transition_time=now,
        )  # fmt: skip
