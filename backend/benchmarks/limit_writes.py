"""The limit of the writes that read first: moves, completions, trees, and creates with a tag."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from todo.domain.projects.position import key_between
from todo.domain.recurrence.series import Series, find_next, instant_of, write_place

Row = asyncpg.Record | dict[str, Any]
KEY = "coalesce(position, 'i' || lpad(to_hex(id), 16, '0')) COLLATE \"C\""
"""The place of a task in its list (ADR 0064)."""
COLUMNS = """id, title, description, completed, priority, due_date, due_day, due_time_zone, start_day, deadline_day,
             estimated_minutes, recurrence_rule, recurrence_basis, recurrence_start, project_id, section_id, parent_id,
             position, external_id, user_id, version, created_at, updated_at, completed_at"""
TAGS = """(SELECT coalesce(json_agg(json_build_object('id', tags.id, 'name', tags.name, 'color', tags.color)
                                    ORDER BY tags.name_key, tags.id), '[]')
           FROM task_tag_link AS link CROSS JOIN LATERAL (
               SELECT * FROM tags WHERE tags.user_id = link.user_id AND tags.id = link.tag_id LIMIT 1
           ) AS tags
           WHERE link.user_id = task.user_id AND link.task_id = task.id) AS tags"""
SELECT_PLACE = f"""
WITH anchor AS (SELECT id, {KEY} AS key FROM tasks WHERE user_id = $1 AND id = $3)
SELECT key AS low,
       (SELECT {KEY} FROM tasks
        WHERE user_id = $1 AND project_id IS NULL AND section_id IS NULL AND parent_id IS NULL AND id <> $2
          AND ({KEY}, id) > (anchor.key, anchor.id)
        ORDER BY {KEY}, id LIMIT 1) AS high
FROM anchor"""
MOVE_TASK = f"""
UPDATE tasks AS task SET position = $3, version = version + 1, updated_at = now()
WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}, {TAGS}"""
SELECT_REPEATING = """
SELECT tasks.due_date, recurrence_rule, recurrence_basis, recurrence_start, number, last.position
FROM tasks LEFT JOIN LATERAL (
    SELECT * FROM task_occurrences AS record WHERE record.user_id = tasks.user_id AND task_id = tasks.id
    ORDER BY number DESC LIMIT 1
) AS last ON true
WHERE tasks.user_id = $1 AND id = $2"""
RECORD = f"""
WITH task AS (
    UPDATE tasks SET due_date = $3, recurrence_start = $4, version = version + 1, updated_at = now()
    WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}
), record AS (
    INSERT INTO task_occurrences
        (user_id, task_id, number, due_date, completed_at, status, place, next_place, position)
    VALUES ($1, $2, $5, $6, $7, 'completed', $8, $9, $10)
    ON CONFLICT DO NOTHING
)
SELECT *, {TAGS} FROM task"""
INSERT_TREE = f"""
WITH task AS (
    INSERT INTO tasks (user_id, title, title_key) VALUES ($1, $2, lower($2::varchar)) RETURNING {COLUMNS}
), child AS (
    INSERT INTO tasks (user_id, title, title_key, parent_id)
    SELECT $1, title, lower(title), id FROM (SELECT id FROM task) AS parent, unnest($3::varchar[]) AS title
    RETURNING user_id, id, title_key
), search AS (
    INSERT INTO task_search (user_id, task_id, title, description)
    SELECT user_id, id, lower(title), '' FROM task UNION ALL SELECT user_id, id, title_key, '' FROM child
)
SELECT *, '[]' AS tags FROM task"""
INSERT_TAGGED = f"""
WITH task AS (
    INSERT INTO tasks (user_id, title, title_key) VALUES ($1, $2, lower($2::varchar)) RETURNING {COLUMNS}
), search AS (
    INSERT INTO task_search (user_id, task_id, title, description) SELECT user_id, id, lower(title), '' FROM task
), tag AS (
    SELECT id, name, color FROM tags WHERE user_id = $1 AND name = $3
), link AS (
    INSERT INTO task_tag_link (user_id, task_id, tag_id) SELECT $1, task.id, tag.id FROM task, tag
)
SELECT task.*, (SELECT json_agg(tag) FROM tag) AS tags FROM task"""


async def move_task(pool: asyncpg.Pool, user_id: UUID, task_id: int, after: int) -> Row:
    """Move a task behind another one, and return it."""
    [place] = await pool.fetch(SELECT_PLACE, user_id, task_id, after)
    [row] = await pool.fetch(MOVE_TASK, user_id, task_id, key_between(place["low"], place["high"]))
    return row


async def complete_task(pool: asyncpg.Pool, user_id: UUID, task_id: int) -> tuple[Row, Row]:
    """Complete the occurrence of a task that repeats at an instant; return the task and the occurrence."""
    [task] = await pool.fetch(SELECT_REPEATING, user_id, task_id)
    now, due = datetime.now(UTC), task["due_date"]
    place = due.replace(tzinfo=None)
    start = datetime.fromisoformat(task["recurrence_start"]) if task["number"] else place
    rule, basis = task["recurrence_rule"], task["recurrence_basis"]
    series = Series(rule, basis, start, place, False, ZoneInfo("UTC"), task["position"] or 0)
    following = find_next(series, now, skips=False)
    assert following is not None
    places = [write_place(each, is_on_days=False) for each in (start, place, following)]
    record = (task["number"] or 0) + 1, due, now, *places[1:], series.recorded + 1
    [row] = await pool.fetch(RECORD, user_id, task_id, instant_of(following, series.zone), places[0], *record)
    return row, {"due_date": due, "due_day": None, "completed_at": now, "status": "completed"}


async def insert_task(pool: asyncpg.Pool, user_id: UUID, body: Row) -> Row:
    """Create a task with subtasks or with a tag, and return it."""
    if subtasks := body.get("subtasks"):
        [row] = await pool.fetch(INSERT_TREE, user_id, body["title"], [each["title"] for each in subtasks])
    else:
        [row] = await pool.fetch(INSERT_TAGGED, user_id, body["title"], body["tags"][0])
    return row
