-- What the application does in each transaction, as its own login; psql -v token=TOKEN -v org=ORGANIZATION. Here the token
-- is text of the statement. A driver sends it as a bind parameter: then no log and no view ever shows it.
\set ON_ERROR_STOP on

-- Without a context there is an error, not an empty table.
DO $$
BEGIN
    PERFORM FROM public.projects;
    RAISE EXCEPTION 'projects are read without a context';
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'without a context: %', SQLERRM;
END $$;

BEGIN;
SELECT custody.enter(:'token') \g /dev/null
SELECT orgs, user_id, way, expires > now() AS valid FROM custody.context_info();
SELECT (SELECT count(*) FROM public.projects) AS projects, (SELECT count(*) FROM public.tasks) AS tasks,
       (SELECT count(*) FROM public.comments) AS comments, (SELECT count(*) FROM public.invoices) AS invoices,
       (SELECT count(*) FROM storage.objects) AS files, (SELECT count(*) FROM public.profiles) AS colleagues,
       (SELECT count(*) FROM public.organizations) AS organizations;
-- The organization of a new row is the context's: the application need not name it.
INSERT INTO public.projects (name) VALUES ('A new one') RETURNING org_id = :'org' AS is_ours;
DO $$
BEGIN
    INSERT INTO public.projects (org_id, name) VALUES (md5('org5')::uuid, 'in another organization');
    RAISE EXCEPTION 'a project of another organization is made';
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'for another organization: %', SQLERRM;
END $$;
ROLLBACK;
