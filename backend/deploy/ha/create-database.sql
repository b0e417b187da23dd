-- The role and the database of the service. psql can run this file again.
SELECT 'CREATE ROLE todo LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo') \gexec
ALTER ROLE todo PASSWORD 'CHANGE_TODO_PASSWORD';
SELECT 'CREATE DATABASE todo OWNER todo ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'todo') \gexec
-- PgBouncer drops these parameters of the service.
ALTER ROLE todo SET statement_timeout = '5s';
ALTER ROLE todo SET lock_timeout = '4s';
ALTER ROLE todo SET plan_cache_mode = 'force_generic_plan';
ALTER ROLE todo SET jit = off;
ALTER ROLE todo SET max_parallel_workers_per_gather = 0;
