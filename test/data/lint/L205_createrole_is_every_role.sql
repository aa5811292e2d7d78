-- before: 16
-- planted: 1
CREATE ROLE "Maker" LOGIN CREATEROLE;
-- safe
CREATE ROLE maker LOGIN; CREATE ROLE making CREATEROLE;
