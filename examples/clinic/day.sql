-- A day at the clinics, as their software works: nothing in it knows of the ledger.
SET search_path = clinic, public;
SET ROLE clinic_app;
BEGIN;
INSERT INTO visit VALUES (1, 'aaaaaaaa-0000-4000-8000-000000000001', 1, '2026-11-20 09:00+00', 'pain'),
                         (2, 'bbbbbbbb-0000-4000-8000-000000000002', 3, '2026-11-20 09:10+00', 'check');
INSERT INTO prescription VALUES
    ('RX-2001', 'bbbbbbbb-0000-4000-8000-000000000002', 3, 'aspirin', 100, 'dr. turing');
COMMIT;
INSERT INTO prescription VALUES
    ('RX-1001', 'aaaaaaaa-0000-4000-8000-000000000001', 1, 'morphine', 10, 'dr. lovelace');
INSERT INTO prescription VALUES
    ('RX-1002', 'aaaaaaaa-0000-4000-8000-000000000001', 2, 'ibuprofen', 400, 'dr. lovelace');
UPDATE prescription SET dose_mg = 15 WHERE number = 'RX-1001';
-- Grace moves: North's evidence has that she left, South's that she came.
BEGIN;
DELETE FROM prescription WHERE number = 'RX-1002';
UPDATE patient SET clinic_id = 'bbbbbbbb-0000-4000-8000-000000000002' WHERE id = 2;
COMMIT;
RESET ROLE;
