"""What every part of the API is made of: names, errors, who is signed in."""

from pydantic import BaseModel


class NameOut(BaseModel):
    """Chinese first, English beside it."""

    zh: str
    en: str


class ErrorBody(BaseModel):
    """What went wrong, for a program (`code`) and for a person."""

    code: str
    zh: str
    en: str


class ErrorOut(BaseModel):
    """Every 4xx answer."""

    error: ErrorBody


class CreatedOut(BaseModel):
    """The id of what was made."""

    id: str
