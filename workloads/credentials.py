"""Google's Application Default Credentials, or one line that says what is wrong with them and what cures it.

Source: docs.cloud.google.com/docs/authentication/application-default-credentials.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from workloads.errors import StorageError

KEY_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
LOGIN = "gcloud auth application-default login"
CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class CredentialsProblem(StorageError):
    """Credentials cannot be used. The message is one line and ends with the cure."""


class NoCredentials(CredentialsProblem):
    """Nothing names any credentials."""


def default_credentials(scopes: Sequence[str] = (CLOUD_SCOPE,)) -> tuple[Any, str | None]:
    """The credentials of this environment, and their project where they have one. Asks nothing of the network but the
    metadata server of a machine of Google's.

    Raises:
        NoCredentials: there are none.
        CredentialsProblem: what is named cannot be used: a key file that is missing, unreadable or not a key.
    """
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    try:
        credentials, project = default(scopes=list(scopes))
    except (GoogleAuthError, OSError, ValueError, TypeError, AttributeError) as error:  # the latter of malformed files
        if named := os.environ.get(KEY_VARIABLE):
            raise CredentialsProblem(
                f"{KEY_VARIABLE} names {named}, which is no usable key file ({first_line(error)}). "
                f"Name a file that is one, or run: unset {KEY_VARIABLE} && {LOGIN}"
            ) from error
        if isinstance(error, DefaultCredentialsError) and "not found" in str(error):
            raise NoCredentials(f"There are no credentials for Google Cloud. Run: {LOGIN}") from error
        raise CredentialsProblem(
            f"The credentials for Google Cloud cannot be read ({first_line(error)}). Run: {LOGIN}"
        ) from error
    return credentials, project


def refresh(credentials: Any) -> None:
    """Make sure that credentials are valid now. Raises CredentialsProblem: they have expired, or Google is out of reach."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    if credentials.valid:
        return
    try:
        credentials.refresh(Request())
    except (GoogleAuthError, ValueError) as error:
        raise CredentialsProblem(why_invalid(error)) from error


def why_invalid(error: Exception) -> str:
    """Why a request failed for its credentials, in one line with the cure."""
    from google.auth.exceptions import TransportError

    if isinstance(error, TransportError):
        return (
            f"Google cannot be reached to renew the credentials ({first_line(error)}). "
            "Check the network and the proxy (HTTPS_PROXY), then try again."
        )
    return f"The credentials for Google Cloud have expired or are not valid ({first_line(error)}). Run: {LOGIN}"


def first_line(error: Exception) -> str:
    """What an error says, without what follows its first line; some of Google's are pairs of words and details."""
    said = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    return said.strip().splitlines()[0].rstrip(".") if said.strip() else type(error).__name__
