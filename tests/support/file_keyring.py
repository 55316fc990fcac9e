"""A keyring in a file, chosen as users choose theirs (PYTHON_KEYRING_BACKEND): real calls without a desktop.

FILE_KEYRING: its file. FILE_KEYRING_TROUBLE: "locked" raises, "silent" never answers.
"""

import os
import threading
from pathlib import Path

import keyring.backend
import keyring.errors
import orjson


class FileKeyring(keyring.backend.KeyringBackend):
    """One JSON object: service and user with a line break between -> secret."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        entries = self._entries() | {f"{service}\n{username}": password}
        Path(os.environ["FILE_KEYRING"]).write_bytes(orjson.dumps(entries))

    def delete_password(self, service: str, username: str) -> None:
        raise keyring.errors.PasswordDeleteError(f"{service} {username}")

    def _entries(self) -> dict[str, str]:
        if os.environ.get("FILE_KEYRING_TROUBLE") == "locked":
            raise keyring.errors.KeyringLocked("the wallet says no")
        if os.environ.get("FILE_KEYRING_TROUBLE") == "silent":
            threading.Event().wait()
        path = Path(os.environ["FILE_KEYRING"])
        return orjson.loads(path.read_bytes()) if path.exists() else {}
