"""Second factors in requests and responses."""

from pydantic import BaseModel, ConfigDict, Field

from todo.domain.text import RawText, Text
from todo.schemas.request import RequestModel

URI_EXAMPLE = "otpauth://totp/Todo:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Todo"


class TotpStart(RequestModel):
    """The current password, which confirms the request for a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})

    password: RawText


class TotpCode(RequestModel):
    """The code that the app shows for the pending secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "123456"}]})

    code: Text


class TotpConfirmation(RequestModel):
    """The current password, and a TOTP code or a recovery code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery", "code": "123456"}]})

    password: RawText
    code: Text


class TotpSetupPublic(BaseModel):
    """A pending secret. Only this response contains it."""

    secret: str = Field(
        description="160 bits in base32, to type into an app.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]
    )
    uri: str = Field(description="The same secret as a URI, to show as a QR code.", examples=[URI_EXAMPLE])


class RecoveryCodesPublic(BaseModel):
    """New recovery codes. Only this response contains them."""

    recovery_codes: list[str] = Field(
        description="Each of them works once in place of a TOTP code.", examples=[["k3vd-7qha-m2xe-w5tn"]]
    )
