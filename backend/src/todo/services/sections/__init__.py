"""Sections: the parts of projects."""
