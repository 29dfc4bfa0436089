"""Accounts, tokens, certificates."""

import base64
from pathlib import Path

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.accounts.root_ca import NAME, RootCAPublisher
from minik8s.controllers.accounts.serviceaccounts import ServiceAccountController
from minik8s.controllers.accounts.tokens import ACCOUNT_NAME, TOKEN_TYPE, TokenController
from minik8s.controllers.options import Options
from tests.unit.controllers.conftest import Bench


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("pki") / "sa.key"
    path.write_bytes(pem)
    return path


def claims(secret: core.Secret) -> dict[str, str]:
    import jwt

    token = base64.b64decode(secret.data["token"]).decode()
    decoded: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return decoded


async def test_every_namespace_has_an_account_and_the_certificate(bench: Bench) -> None:
    bench.client.config.ca_data = b"CERTIFICATE"
    bench.api.add(core.Namespace(metadata=ObjectMeta(name="a")))
    await bench.start(ServiceAccountController, RootCAPublisher)
    assert bench.api.get(core.ServiceAccount, "default", "a") is not None
    published = bench.api.get(core.ConfigMap, NAME, "a")
    assert published.data == {"ca.crt": "CERTIFICATE"}
    bench.api.remove(core.ServiceAccount, "default", "a")
    published.data = {"ca.crt": "forged"}
    bench.api.add(published)
    await bench.rest()
    assert bench.api.get(core.ServiceAccount, "default", "a") is not None
    assert bench.api.get(core.ConfigMap, NAME, "a").data == {"ca.crt": "CERTIFICATE"}


async def test_an_account_gets_one_token_secret_and_takes_it_along(bench: Bench, key_file: Path) -> None:
    bench.context.options = Options(service_account_private_key_file=str(key_file))
    bench.api.add(core.ServiceAccount(metadata=ObjectMeta(name="robot", namespace="a", uid="uid-robot")))
    (controller,) = await bench.start(TokenController)
    (secret,) = bench.api.objects(core.Secret)
    assert secret.type == TOKEN_TYPE
    account = bench.api.get(core.ServiceAccount, "robot", "a")
    assert [ref.name for ref in account.secrets] == [secret.metadata.name]
    said = claims(secret)
    assert said["sub"] == "system:serviceaccount:a:robot"
    assert said["kubernetes.io/serviceaccount/secret.name"] == secret.metadata.name
    assert said["kubernetes.io/serviceaccount/service-account.uid"] == "uid-robot"
    controller.enqueue("a/robot")
    await bench.rest("1m")
    assert len(bench.api.objects(core.Secret)) == 1
    bench.api.remove(core.ServiceAccount, "robot", "a")
    await bench.rest("1s")
    assert bench.api.objects(core.Secret) == []


async def test_a_secret_made_by_hand_is_filled(bench: Bench, key_file: Path) -> None:
    gates = {"LegacyServiceAccountTokenNoAutoGeneration": True}
    bench.context.options = Options(service_account_private_key_file=str(key_file), feature_gates=gates)
    bench.api.add(core.ServiceAccount(metadata=ObjectMeta(name="robot", namespace="a", uid="uid-robot")))
    await bench.start(TokenController)
    assert bench.api.objects(core.Secret) == []
    meta = ObjectMeta(name="mine", namespace="a", annotations={ACCOUNT_NAME: "robot"})
    bench.api.add(core.Secret(metadata=meta, type=TOKEN_TYPE))
    await bench.rest("1s")
    filled = bench.api.get(core.Secret, "mine", "a")
    assert claims(filled)["sub"] == "system:serviceaccount:a:robot"
    assert filled.metadata.annotations["kubernetes.io/service-account.uid"] == "uid-robot"
    assert base64.b64decode(filled.data["namespace"]) == b"a"
