"""Errors of tags."""

from todo.core.errors import ConflictError, InvalidValueError, NotFoundError


class TagNotFoundError(NotFoundError):
    """Tag not found"""

    code = "TAG_NOT_FOUND"


class TagNameTakenError(ConflictError):
    """Another tag has this name, so the tag cannot be put back"""

    code = "TAG_ALREADY_EXISTS"


class TooManyTagsError(InvalidValueError):
    """There are too many tags. Delete some, then try again"""

    code = "TOO_MANY_TAGS"


class TagAlreadyExistsError(InvalidValueError):
    """A tag with this name already exists"""

    code = "TAG_ALREADY_EXISTS"
    field = "name"
