-- Which role a role can become (SET ROLE), and whose privileges it has without asking; with neither,
-- it has the privileges of one by becoming another first. Before 16 membership meant both; who may
-- grant a membership can give it to himself.
lint_edge AS (
    SELECT m.member, m.roleid,
           coalesce((to_jsonb(m) ->> 'set_option')::bool, true) OR m.admin_option AS may_set,
           coalesce((to_jsonb(m) ->> 'inherit_option')::bool,
                    (SELECT r.rolinherit FROM pg_roles r WHERE r.oid = m.member)) AS may_inherit
      FROM pg_auth_members m
),
lint_member AS (
    SELECT member, roleid, may_set, may_inherit FROM lint_edge WHERE may_set OR may_inherit
    UNION
    SELECT m.member, e.roleid, m.may_set AND e.may_set, m.may_inherit AND e.may_inherit
      FROM lint_member m
      JOIN lint_edge e ON e.member = m.roleid
     WHERE m.may_set AND e.may_set OR e.may_inherit
)
