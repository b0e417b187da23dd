"""What is wrong with a value of the right type: an error for each rule, with the field that it is about (400)."""

from todo.core.errors import InvalidValueError


class InvalidEmailError(InvalidValueError):
    """Please provide a valid email address"""

    code = "INVALID_EMAIL"
    field = "email"


class PasswordTooShortError(InvalidValueError):
    """Password must be at least 8 characters"""

    code = "PASSWORD_TOO_SHORT"
    field = "password"


class PasswordTooLongError(InvalidValueError):
    """Password cannot exceed 1024 characters"""

    code = "PASSWORD_TOO_LONG"
    field = "password"


class NameTooLongError(InvalidValueError):
    """Name cannot exceed 200 characters"""

    code = "NAME_TOO_LONG"
    field = "name"


class InvalidTitleError(InvalidValueError):
    """Title is required and must be 1-200 characters"""

    code = "INVALID_TITLE"
    field = "title"


class DescriptionTooLongError(InvalidValueError):
    """Description cannot exceed 1000 characters"""

    code = "DESCRIPTION_TOO_LONG"
    field = "description"


class InvalidPriorityError(InvalidValueError):
    """Priority must be low, medium, or high"""

    code = "INVALID_PRIORITY"
    field = "priority"


class InvalidDueDateError(InvalidValueError):
    """Due date must be a valid ISO 8601 datetime"""

    code = "INVALID_DUE_DATE"
    field = "due_date"


class InvalidRecurrenceRuleError(InvalidValueError):
    """Recurrence rule must be a valid iCalendar RRULE"""

    code = "INVALID_RECURRENCE_RULE"
    field = "recurrence_rule"


class InvalidTagNameError(InvalidValueError):
    """Tag name is required and must be 1-50 characters"""

    code = "INVALID_TAG_NAME"
    field = "name"


class InvalidColorError(InvalidValueError):
    """Color must be a valid hex color (e.g., #FF5733)"""

    code = "INVALID_COLOR"
    field = "color"


class InvalidExternalIdError(InvalidValueError):
    """External id must be 1-200 characters"""

    code = "INVALID_EXTERNAL_ID"
    field = "external_id"


class InvalidTokenNameError(InvalidValueError):
    """Token name is required and must be 1-100 characters"""

    code = "INVALID_TOKEN_NAME"
    field = "name"


class InvalidScopeError(InvalidValueError):
    """Scopes must be one or more of: tasks:read, tasks:write, tags:read, tags:write, account"""

    code = "INVALID_SCOPE"
    field = "scopes"


class InvalidExpiryError(InvalidValueError):
    """Expiry must be a future ISO 8601 datetime"""

    code = "INVALID_EXPIRY"
    field = "expires_at"


class InvalidPaginationError(InvalidValueError):
    """Page and limit must be positive integers"""

    code = "INVALID_PAGINATION"
    field = "page"


class InvalidStatusError(InvalidValueError):
    """Status must be one of: all, pending, completed"""

    code = "INVALID_STATUS"
    field = "status"


class InvalidSortFieldError(InvalidValueError):
    """Sort field must be one of: due_date, priority, created_at, title"""

    code = "INVALID_SORT_FIELD"
    field = "sort"


class InvalidBulkSizeError(InvalidValueError):
    """A request takes 1 to 1000 items"""

    code = "INVALID_BULK_SIZE"
    field = "items"


class DuplicateItemError(InvalidValueError):
    """An item before this one is about the same task"""

    code = "DUPLICATE_ITEM"
    field = "id"


class InvalidCursorError(InvalidValueError):
    """Cursor is not valid for this list"""

    code = "INVALID_CURSOR"
    field = "cursor"
