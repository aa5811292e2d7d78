-- version: 150003
-- planted: 1
SELECT 1;
-- safe
SELECT 1;
