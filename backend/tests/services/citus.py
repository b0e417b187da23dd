"""A database that looks like the coordinator of a Citus cluster to the service. Its functions only keep notes.

Citus is not part of the tests. The functions reject what Citus rejects: a table with a foreign key to a table that is
stored in another way.
"""

import asyncpg

from todo.core.database.url import connect_arguments

CREATE_EXTENSION = """
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (999999, 'citus', 10, 'pg_catalog'::regnamespace, false, '13.2-1');
RESET allow_system_table_mods;
CREATE TABLE pg_dist_node (groupid integer, isactive boolean, shouldhaveshards boolean);
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", repmodel "char", beside text);
CREATE TABLE pg_dist_shard (logicalrelid regclass);
CREATE TABLE shard_commands (command text);
"""
CREATE_FUNCTIONS = """
CREATE FUNCTION reject_keys(converted regclass) RETURNS void AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND converted IN (conrelid, confrelid)) THEN
        RAISE EXCEPTION 'cannot distribute relation: %', converted;
    END IF;
END $$ LANGUAGE plpgsql;
CREATE FUNCTION create_reference_table(converted regclass) RETURNS void AS $$
    SELECT reject_keys(converted);
    INSERT INTO pg_dist_partition VALUES (converted, 'n', 't', NULL);
$$ LANGUAGE sql;
CREATE FUNCTION create_distributed_table(converted regclass, owner text, colocate_with text = 'default')
RETURNS void AS $$
    SELECT reject_keys(converted);
    INSERT INTO pg_dist_partition
    SELECT attrelid, 'h', 's', colocate_with FROM pg_attribute WHERE attrelid = converted AND attname = owner;
    INSERT INTO pg_dist_shard SELECT converted FROM generate_series(1, 32);
$$ LANGUAGE sql;
CREATE FUNCTION citus_set_coordinator_host(host text, port integer) RETURNS void AS $$
    INSERT INTO pg_dist_node VALUES (0, true, false);
$$ LANGUAGE sql;
CREATE FUNCTION citus_add_node(host text, port integer) RETURNS void AS $$
    INSERT INTO pg_dist_node SELECT count(*) + 1, true, true FROM pg_dist_node;
$$ LANGUAGE sql;
CREATE FUNCTION run_command_on_shards(converted regclass, command text) RETURNS void AS $$
    INSERT INTO shard_commands VALUES (format(command, converted));
$$ LANGUAGE sql;
"""
ADD_NODES = """
SELECT citus_set_coordinator_host('coordinator', 5432);
SELECT citus_add_node('worker1', 5432);
SELECT citus_add_node('worker2', 5432);
"""


async def pretend_citus(url: str, *, nodes: str = ADD_NODES) -> None:
    """Give a database what the service reads and calls of Citus."""
    connection = await asyncpg.connect(**connect_arguments(url))
    for commands in (CREATE_EXTENSION, CREATE_FUNCTIONS, nodes):
        await connection.execute(commands)
    await connection.close()
