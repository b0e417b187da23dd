"""Projects, and applications beside the first one."""

from tests.routers.projects.conftest import elsewhere, make_project, make_section, project, section

__all__ = ["elsewhere", "make_project", "make_section", "project", "section"]
