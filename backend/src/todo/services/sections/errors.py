"""Errors of sections."""

from todo.core.errors import ConflictError, InvalidValueError, NotFoundError


class SectionNotFoundError(NotFoundError):
    """Section not found"""

    code = "SECTION_NOT_FOUND"


class TooManySectionsError(InvalidValueError):
    """The project has too many sections. Delete some, then try again"""

    code = "TOO_MANY_SECTIONS"


class SectionExternalIdTakenError(ConflictError):
    """Another section has this external id"""

    code = "EXTERNAL_ID_TAKEN"


class ProjectOfSectionGoneError(ConflictError):
    """The project of this section is gone, so the section cannot be put back"""

    code = "PROJECT_GONE"
