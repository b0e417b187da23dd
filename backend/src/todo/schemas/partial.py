"""Partial models: the body of a PATCH, derived from the body of a PUT."""

from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from pydantic import MISSING, create_model

from todo.schemas.request import RequestModel

Model = TypeVar("Model", bound=RequestModel)


def partial_of(whole: type[RequestModel]) -> Callable[[type[Model]], type[Model]]:
    """Return a class decorator that adds the fields of `whole` to a model and lets each be absent.

    `model_dump` leaves absent fields out. Null is accepted where `whole` accepts it. The ignored fields are the same.
    """

    def decorate(model: type[Model]) -> type[Model]:
        hints = get_type_hints(whole, include_extras=True)
        fields: dict[str, Any] = {name: (hints[name] | MISSING, MISSING) for name in whole.model_fields}
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            __cls_kwargs__={"ignores": whole.ignored},
            **fields,
        )

    return decorate
