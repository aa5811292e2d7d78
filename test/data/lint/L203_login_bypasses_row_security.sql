-- planted: 1
CREATE ROLE "Service" LOGIN BYPASSRLS;
-- safe
CREATE ROLE service LOGIN;
