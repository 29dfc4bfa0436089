"""Who may come in: certificates, tokens, service accounts, impersonation, reviews."""

from __future__ import annotations

import base64
from typing import Any

from tests.component.conftest import RunningServer

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
TOKEN_REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"


async def who(apiserver: RunningServer, **how: Any) -> dict[str, Any]:
    answer = await apiserver.call("POST", REVIEW, {}, **how)
    assert answer.status == 201, answer.body
    info: dict[str, Any] = answer.json["status"]["userInfo"]
    return info


async def token_for(apiserver: RunningServer, **spec: Any) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = await apiserver.call("POST", f"{ACCOUNTS}/default/token", body)
    assert answer.status == 201, answer.body
    return str(answer.json["status"]["token"])


async def test_nobody_gets_401(apiserver: RunningServer) -> None:
    for token in (None, "wrong"):
        answer = await apiserver.call("GET", "/api/v1/pods", token=token)
        assert (answer.status, answer.json["reason"], answer.message) == (401, "Unauthorized", "Unauthorized")


async def test_certificate(apiserver: RunningServer) -> None:
    info = await who(apiserver, token=None, certificate="node")
    assert info["username"] == "system:node:n1"
    assert info["groups"] == ["system:nodes", "system:authenticated"]


async def test_static_token(apiserver: RunningServer) -> None:
    info = await who(apiserver, token="plain-token")
    assert info == {"username": "plain", "uid": "2", "groups": ["team", "system:authenticated"]}


async def test_service_account_token(apiserver: RunningServer) -> None:
    token = await token_for(apiserver, expirationSeconds=600)
    info = await who(apiserver, token=token)
    assert info["username"] == "system:serviceaccount:default:default"
    assert "system:serviceaccounts:default" in info["groups"]
    review = await apiserver.call("POST", TOKEN_REVIEW, {"spec": {"token": token}})
    assert review.json["status"]["authenticated"] is True
    await apiserver.call("DELETE", f"{ACCOUNTS}/default")
    await apiserver.create(ACCOUNTS, {"metadata": {"name": "default"}})
    answer = await apiserver.call("GET", "/api/v1/pods", token=token)
    assert answer.status == 401, "the account's successor has another uid"


async def test_pod_bound_token_dies_with_the_pod(apiserver: RunningServer) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}
    await apiserver.create("/api/v1/namespaces/default/pods", pod)
    token = await token_for(apiserver, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "p"})
    info = await who(apiserver, token=token)
    assert info["extra"]["authentication.kubernetes.io/pod-name"] == ["p"]
    await apiserver.call("DELETE", "/api/v1/namespaces/default/pods/p")
    assert (await apiserver.call("GET", "/api/v1/pods", token=token)).status == 401


async def test_audiences_and_tampering(apiserver: RunningServer) -> None:
    token = await token_for(apiserver, audiences=["elsewhere"])
    assert (await apiserver.call("GET", "/api/v1/pods", token=token)).status == 401
    review = await apiserver.call("POST", TOKEN_REVIEW, {"spec": {"token": token, "audiences": ["elsewhere"]}})
    assert review.json["status"]["audiences"] == ["elsewhere"]
    head, payload, signature = (await token_for(apiserver)).split(".")
    forged = f"{head}.{payload}.{signature[:-8]}AAAAAAAA"
    assert (await apiserver.call("GET", "/api/v1/pods", token=forged)).status == 401
    short = {"spec": {"expirationSeconds": 10}}
    assert (await apiserver.call("POST", f"{ACCOUNTS}/default/token", short)).status == 422


async def test_impersonation_is_for_administrators(apiserver: RunningServer) -> None:
    headers = {"Impersonate-User": "jane", "Impersonate-Group": "dev"}
    info = await who(apiserver, headers=headers)
    assert (info["username"], info["groups"]) == ("jane", ["dev", "system:authenticated"])
    answer = await apiserver.call("GET", "/api/v1/pods", headers=headers, token="plain-token")
    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")


async def test_access_reviews(apiserver: RunningServer) -> None:
    path = "/apis/authorization.k8s.io/v1/"
    attributes = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}}
    answer = await apiserver.call("POST", f"{path}selfsubjectaccessreviews", {"spec": attributes})
    assert answer.json["status"]["allowed"] is True
    answer = await apiserver.call("POST", f"{path}subjectaccessreviews", {"spec": attributes | {"user": "x"}})
    assert answer.json["status"]["allowed"] is True
    answer = await apiserver.call("POST", f"{path}subjectaccessreviews", {"spec": {}})
    assert answer.status == 422
    assert (await apiserver.call("GET", f"{path}subjectaccessreviews")).status == 405


async def test_reviews_are_no_tables(apiserver: RunningServer) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    body = {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    assert (await apiserver.call("POST", path, body, headers)).status == 406


async def test_others_can_check_our_tokens(apiserver: RunningServer) -> None:
    import jwt

    configuration = (await apiserver.call("GET", "/.well-known/openid-configuration")).json
    assert configuration["issuer"] == "https://kubernetes.default.svc.cluster.local"
    answer = await apiserver.call("GET", "/openid/v1/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    token = await token_for(apiserver, audiences=["them"])
    key = jwt.PyJWKSet.from_dict(answer.json)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="them")
    assert claims["sub"] == "system:serviceaccount:default:default"


async def test_a_token_as_websocket_protocol(apiserver: RunningServer) -> None:
    encoded = base64.urlsafe_b64encode(b"plain-token").rstrip(b"=").decode()
    protocols = f"base64url.bearer.authorization.k8s.io.{encoded}, v4.channel.k8s.io"
    info = await who(apiserver, token=None, headers={"Sec-WebSocket-Protocol": protocols})
    assert info["username"] == "plain"
