-- What one person alone must not do: prune, erase, lift. One duty asks, the other approves, from another
-- login; the approval executes. Both names and the reason stay in the ledger.

CREATE FUNCTION custody.ledger_duties(role name) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN has_function_privilege(role, 'custody.request_prune(timestamptz, text)', 'EXECUTE')
             AND has_function_privilege(role, 'custody.audit(regclass, name, name[], name[], name[], name[], jsonb, boolean, boolean)', 'EXECUTE')
             THEN 'admin' END,
        CASE WHEN has_function_privilege(role, 'custody.place_hold(text, regclass, jsonb, text)', 'EXECUTE')
             THEN 'legal' END], NULL)
$$;
COMMENT ON FUNCTION custody.ledger_duties(name) IS
'duties of a role that may ask and approve: admin, legal or both; errors: 42704 for a role that does not exist; privilege: none';

CREATE FUNCTION custody.kept_arguments(arguments jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
$$SELECT arguments - '{key,key_salt,user,user_salt}'::text[]$$;
COMMENT ON FUNCTION custody.kept_arguments(jsonb) IS
'of custody_ledger.request.arguments what stays for good: all but the key or user that is to be erased, and its salt; errors: none; privilege: none';

CREATE FUNCTION custody.make_request(kind text, arguments jsonb, reason text) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made int4;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_session();
    PERFORM custody.check_reason(reason);
    INSERT INTO custody_ledger.request (kind, arguments, reason, requested_by, requested_as, requested_at, state)
        VALUES (kind, arguments, reason, session_user, custody.ledger_duties(custody.audit_caller()),
                now(), 'open')
        RETURNING id INTO made;
    -- What is to be erased by its hash only: an event is for good.
    PERFORM custody.record_note(0, 'S', jsonb_build_object('kind', 'request', 'request', made, 'of', kind,
                                                           'arguments', custody.kept_arguments(arguments),
                                                           'reason', reason, 'by', session_user,
                                                           'as', custody.ledger_duties(custody.audit_caller()))::text);
    RETURN made;
END
$$;
COMMENT ON FUNCTION custody.make_request(text, jsonb, text) IS
'writes down what somebody asks for, with an event; part of custody.request_prune(), request_erase() and request_lift(); errors: 22023 without a reason; privilege: superuser';

-- SECURITY DEFINER, here and below: the duties have no rights on the ledger but to read it.
CREATE FUNCTION custody.request_prune(before timestamptz, reason text) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET timezone = 'UTC' AS $$
DECLARE
    keep interval;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_time(before);
    SELECT (l.options ->> 'retention')::interval INTO keep FROM custody_ledger.ledger l;
    IF before > now() - coalesce(keep, '0') THEN
        RAISE EXCEPTION 'events from before % are kept', before
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = CASE WHEN keep IS NULL THEN 'The time has not come.' ELSE format('The ledger''s retention is %s.', keep) END,
                  HINT = format('Name %s, or a time before.', now() - coalesce(keep, '0'));
    END IF;
    IF NOT EXISTS (SELECT FROM custody.prunable(before) p WHERE p.obstacle IS NULL) THEN
        RAISE EXCEPTION 'nothing can be pruned'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = CASE WHEN EXISTS (SELECT FROM custody.prunable(before)) THEN 'Each partition that ends before that time has an obstacle.'
                                ELSE format('No partition of events ends before %s.', before) END,
                  HINT = 'SELECT * FROM custody.prunable(...) shows the partitions and what keeps them.';
    END IF;
    RETURN custody.make_request('prune', jsonb_build_object('before', before), reason);
END
$$;
COMMENT ON FUNCTION custody.request_prune(timestamptz, text) IS
'asks for the partitions of events to be dropped that end at or before a time, as custody.prunable() lists them; the other duty approves (custody.approve()); returns the request''s number; errors: 22004 without a time, 22023 without a reason or inside of the retention, 55000 where there is nothing to prune; privilege: custody_admin, custody_legal';

CREATE FUNCTION custody.request_lift(hold int4, reason text) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    PERFORM custody.check_ledger();
    IF NOT EXISTS (SELECT FROM custody_ledger.hold h WHERE h.id = hold AND h.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'there is no hold %', hold
            USING ERRCODE = 'undefined_object',
                  DETAIL = coalesce((SELECT format('It was lifted at %s.', h.lifted_at) FROM custody_ledger.hold h WHERE h.id = hold),
                                    'None has this number.'),
                  HINT = 'custody_ledger.hold has the holds.';
    END IF;
    RETURN custody.make_request('lift', jsonb_build_object('hold', hold), reason);
END
$$;
COMMENT ON FUNCTION custody.request_lift(int4, text) IS
'asks for a legal hold to be lifted; the other duty approves (custody.approve()); returns the request''s number; errors: 22023 without a reason, 42704 for a hold that is not; privilege: custody_admin, custody_legal';

CREATE FUNCTION custody.refuse_request(request int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'there is no open request %', request
        USING ERRCODE = 'undefined_object',
              DETAIL = coalesce((SELECT format('It is %s: %s.', r.state, r.result) FROM custody_ledger.request r WHERE r.id = request),
                                'None has this number.'),
              HINT = 'custody_ledger.request has the requests and their states.';
END
$$;
COMMENT ON FUNCTION custody.refuse_request(int4) IS
'says (42704) that a request is not open; part of custody.approve() and custody.withdraw_request(); privilege: superuser';

CREATE FUNCTION custody.withdraw_request(request int4) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_session();
    -- What was to be erased must not live on in the request.
    IF custody.maintain_ledger(format(
        'UPDATE custody_ledger.request SET state = ''withdrawn'', arguments = custody.kept_arguments(arguments),
                result = %L WHERE id = %L AND state = ''open''', 'by ' || session_user, request)) = 0 THEN
        PERFORM custody.refuse_request(request);
    END IF;
    PERFORM custody.record_note(0, 'S', jsonb_build_object('kind', 'withdraw', 'request', request,
                                                           'by', session_user)::text);
END
$$;
COMMENT ON FUNCTION custody.withdraw_request(int4) IS
'takes a request back, one''s own or another''s; it stays on record, and an event tells of it; errors: 42704 for a request that is not open; privilege: custody_admin, custody_legal';

CREATE FUNCTION custody.check_approver(request int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
    mine text[] := custody.ledger_duties(custody.audit_caller());
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_session();
    -- Locked: two approvals do not both execute.
    SELECT * INTO asked FROM custody_ledger.request r WHERE r.id = request FOR UPDATE;
    IF NOT FOUND OR asked.state <> 'open' THEN
        PERFORM custody.refuse_request(request);
    ELSIF asked.requested_at < now() - interval '30 days' THEN
        RAISE EXCEPTION 'request % is older than 30 days', request
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Withdraw it, and ask again.';
    ELSIF asked.requested_by = session_user
        OR NOT EXISTS (SELECT FROM unnest(asked.requested_as) a, unnest(mine) b WHERE a <> b) THEN
        RAISE EXCEPTION 'request % needs a second person', request
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('"%s" asked as %s; "%s" would approve as %s.', asked.requested_by,
                                  array_to_string(asked.requested_as, ' and '), session_user,
                                  array_to_string(mine, ' and ')),
                  HINT = 'Another login with the other duty (custody_admin, custody_legal) approves.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_approver(int4) IS
'refuses an approval by the login or the duty that asked (42501), of a request that is not open (42704) or too old (55000); privilege: superuser';

CREATE FUNCTION custody.request_facts(request int4) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('request', r.id, 'reason', r.reason, 'requested_by', r.requested_by,
                                      'approved_by', session_user)
              FROM custody_ledger.request r WHERE r.id = request_facts.request);
END
$$;
COMMENT ON FUNCTION custody.request_facts(int4) IS
'what the events of an approval, and of what it executes, tell of the request: number, reason, who asked and who approves now; privilege: superuser';

CREATE FUNCTION custody.approve(request int4) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET timezone = 'UTC' AS $$
DECLARE
    asked record;
    outcome text;
BEGIN
    PERFORM custody.check_approver(request);
    PERFORM custody.check_isolation('an approval');
    SELECT * INTO asked FROM custody_ledger.request r WHERE r.id = request;
    outcome := CASE asked.kind
        WHEN 'prune' THEN custody.prune_ledger((asked.arguments ->> 'before')::timestamptz, request)
        WHEN 'lift' THEN custody.lift_hold((asked.arguments ->> 'hold')::int4, request)
        WHEN 'erase' THEN custody.erase_events((asked.arguments ->> 'tbl')::int4, asked.arguments -> 'key', request)
        WHEN 'erase_user' THEN custody.erase_user(asked.arguments ->> 'user', request)
    END;
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.request SET state = ''done'', approved_by = %L, approved_at = now(),
                arguments = custody.kept_arguments(arguments), result = %L WHERE id = %s',
        session_user, outcome, request));
    PERFORM custody.record_note(0, 'S', (custody.request_facts(request) || jsonb_build_object(
        'kind', 'approve', 'of', asked.kind, 'result', outcome))::text);
    RETURN outcome;
END
$$;
COMMENT ON FUNCTION custody.approve(int4) IS
'approves a request to prune, erase or lift and executes it; by another login than the one that asked, with the other of the duties admin and legal; returns what was done; errors: 42501 for the same login or duty, 42704 for a request that is not open, 55000 for one older than 30 days, 25001 in another isolation than READ COMMITTED, and those of what it executes (40001 for a prune that events came in between, 40P01 for one that who uses the events waits for); privilege: custody_admin, custody_legal';

REVOKE ALL ON FUNCTION custody.ledger_duties(name), custody.kept_arguments(jsonb), custody.make_request(text, jsonb, text),
    custody.request_prune(timestamptz, text), custody.request_lift(int4, text),
    custody.refuse_request(int4), custody.withdraw_request(int4), custody.check_approver(int4), custody.request_facts(int4), custody.approve(int4) FROM PUBLIC;
SELECT custody.give_duty('{admin,legal}', f) FROM unnest(ARRAY[
    'custody.request_prune(timestamptz, text)', 'custody.request_lift(int4, text)',
    'custody.withdraw_request(int4)', 'custody.approve(int4)']::regprocedure[]) f;
