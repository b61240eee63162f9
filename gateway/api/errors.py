"""Refusals as the API tells them: a code for programs, Chinese and English for people."""

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


class ApiError(HTTPException):
    """A refusal with its status.  Nothing has changed."""

    def __init__(self, status: int, code: str, zh: str, en: str) -> None:
        super().__init__(status)
        self.body = {"error": {"code": code, "zh": zh, "en": en}}


def not_found(zh: str, en: str) -> ApiError:
    """404."""
    return ApiError(404, "not-found", zh, en)


async def tell_api_error(request: Request, error: Exception) -> JSONResponse:
    """The handler for ApiError."""
    assert isinstance(error, ApiError), "registered for ApiError alone"
    request.state.refused = error.body["error"]["code"]  # for the audit chain
    return JSONResponse(error.body, error.status_code)


async def tell_bad_input(request: Request, error: Exception) -> JSONResponse:
    """The handler for input that does not fit the model: names the first field and fault."""
    assert isinstance(error, RequestValidationError), "registered for RequestValidationError alone"
    request.state.refused = "bad-input"
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    body = {"error": {"code": "bad-input", "zh": f"输入有误:{place}", "en": f"{place}: {first['msg']}"}}
    return JSONResponse(body, 422)
