"""--token-auth-file: lines of ``token,user,uid,"group1,group2"``.

Mirrors staging/src/k8s.io/apiserver/pkg/authentication/token/tokenfile. Read once at start, as upstream does.
"""

from __future__ import annotations

import csv
from pathlib import Path

from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, User


def load_token_file(path: str) -> dict[str, User]:
    """Token → user. Raises ValueError with the line's number, never with its content."""
    users: dict[str, User] = {}
    with Path(path).open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file, skipinitialspace=True), 1):
            if not row or row[0].lstrip().startswith("#"):
                continue
            if len(row) < 3:
                raise ValueError(f"{path}: line {number}: at least 3 columns (token, user name, user uid) are needed")
            token, name, uid = (cell.strip() for cell in row[:3])
            if not token:
                continue
            groups = tuple(group.strip() for group in row[3].split(",") if group.strip()) if len(row) > 3 else ()
            users[token] = User(name, uid, (*groups, ALL_AUTHENTICATED))
    return users
