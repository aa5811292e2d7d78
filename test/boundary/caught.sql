-- Rule 2 broken on purpose, in a session of its own, because it stays broken.

SET search_path = boundary;
SELECT same('an error raised inside a catch block leaves the exception caught', caught(), true)
FROM error_of('SELECT raise_inside_catch()');
