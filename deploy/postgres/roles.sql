-- The roles and the database of an installation, made once by psql as a superuser of the server.
-- PostgreSQL 14 or newer.
--
-- psql's variables owner_password, incidents_password and notifier_password are set before; none of
-- them stands in a file or in the server's log. `database` may name another database than caseward.
\set ON_ERROR_STOP on
\if :{?database}
\else
    \set database caseward
\endif

SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';

-- Makes and changes tables, by `migrate`; no program runs as it.
CREATE ROLE caseward_owner LOGIN PASSWORD :'owner_password';
-- Each service signs in as its own role. It may do in its own schemas what `migrate --role` grants.
CREATE ROLE caseward_incidents LOGIN PASSWORD :'incidents_password';
CREATE ROLE caseward_notifier LOGIN PASSWORD :'notifier_password';
-- A destroyed key is to be left nowhere: only who owns a table may write it anew. `migrate` hands the
-- tables of the keys to the service, which takes being a member of its role.
GRANT caseward_incidents TO caseward_owner;

-- Texts are told apart and ordered by their bytes, whatever the machine's language.
CREATE DATABASE :"database" OWNER caseward_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO caseward_incidents, caseward_notifier;

\connect :"database"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
