"""What every part of the API is made of: names, errors, who is signed in."""

from typing import Literal

from pydantic import BaseModel, Field


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


class SignIn(BaseModel):
    """Account and password."""

    account: str = Field(max_length=64)
    password: str = Field(max_length=256)


class SessionOut(BaseModel):
    """Who is signed in."""

    account: str
    role: Literal["staff", "supervisor", "witness", "integrator"]


class CreatedOut(BaseModel):
    """The id of what was made."""

    id: str
