"""Partial models: bodies of PUT and PATCH whose absent fields stay as they are."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar, get_type_hints

from pydantic import MISSING, create_model

from todo.schemas.request import RequestModel

Model = TypeVar("Model", bound=RequestModel)


def partial_of(whole: type[RequestModel], *, without: Collection[str] = ()) -> Callable[[type[Model]], type[Model]]:
    """Return a class decorator that adds the fields of `whole` to a model and lets each be absent.

    `model_dump` leaves absent fields out. Null is accepted where `whole` accepts it. The ignored fields are the same.

    Args:
        whole: the model with the fields.
        without: fields of `whole` that are left to the decorated model.
    """

    def decorate(model: type[Model]) -> type[Model]:
        hints = get_type_hints(whole, include_extras=True)
        names = [name for name in whole.model_fields if name not in without]
        fields: dict[str, Any] = {name: (hints[name] | MISSING, MISSING) for name in names}
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            __cls_kwargs__={"ignores": whole.ignored | model.ignored},
            **fields,
        )

    return decorate
