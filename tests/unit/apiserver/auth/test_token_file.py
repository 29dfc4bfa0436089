"""--token-auth-file, certificates, impersonation, access decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from minik8s.api.status import Forbidden, Unauthorized
from minik8s.apiserver.auth.authenticate import Authenticator, impersonate
from minik8s.apiserver.auth.authorize import AccessRequest, AlwaysAllow
from minik8s.apiserver.auth.token_file import load_token_file
from minik8s.apiserver.auth.user import ALL_UNAUTHENTICATED, MASTERS, User
from minik8s.apiserver.auth.x509 import user_from_certificate
from minik8s.serving import ClientCertificate


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('secret1,jane,7,"a,b"\n\n# comment,x,y\nsecret2,joe,8\n')
    users = load_token_file(str(path))
    assert users["secret1"] == User("jane", "7", ("a", "b", "system:authenticated"))
    assert users["secret2"].groups == ("system:authenticated",)
    assert len(users) == 2


def test_a_bad_line_is_named_without_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("hunter2,jane\n")
    with pytest.raises(ValueError, match="line 1") as caught:
        load_token_file(str(path))
    assert "hunter2" not in str(caught.value)


def test_certificate() -> None:
    user = user_from_certificate(ClientCertificate("system:node:n", ("system:nodes",), b""))
    assert user == User("system:node:n", groups=("system:nodes", "system:authenticated"))
    assert user_from_certificate(ClientCertificate("", ("g",), b"")) is None
    assert user_from_certificate(None) is None


async def test_certificate_goes_before_token() -> None:
    authenticator = Authenticator({"t": User("token")}, None)
    certificate = ClientCertificate("cert", (), b"")
    headers = {b"authorization": b"Bearer t"}
    assert (await authenticator.authenticate(headers, certificate)).name == "cert"
    assert (await authenticator.authenticate(headers, None)).name == "token"
    for bad in ({}, {b"authorization": b"Basic t"}, {b"authorization": b"Bearer x"}):
        with pytest.raises(Unauthorized):
            await authenticator.authenticate(bad, None)


def test_impersonation() -> None:
    admin = User("admin", groups=(MASTERS,))
    account = impersonate(admin, {b"impersonate-user": b"system:serviceaccount:ns:sa"})
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    with pytest.raises(Forbidden):
        impersonate(User("jane"), {b"impersonate-user": b"admin"})


def test_always_allow_wants_an_identity() -> None:
    assert AlwaysAllow().decide(AccessRequest(User("a"), "get")).allowed
    assert not AlwaysAllow().decide(AccessRequest(User("a", groups=(ALL_UNAUTHENTICATED,)), "get")).allowed
