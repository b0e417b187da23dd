"""The content security policy of a page (CSP Level 3)."""

from fastapi import Request

from todo.http.request_state import request_state


def set_content_policy(request: Request, policy: str) -> None:
    """Replace the policy of the response, which allows nothing by default."""
    headers = request_state(request.scope).response_headers
    headers[:] = [(name, policy.encode() if name == b"content-security-policy" else value) for name, value in headers]
