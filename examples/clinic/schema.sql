-- Two clinics in one database: the organization of a row is the clinic it belongs to.
CREATE SCHEMA clinic;
SET search_path = clinic, public;

CREATE TABLE clinic (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE patient (
    id int PRIMARY KEY, clinic_id uuid NOT NULL REFERENCES clinic, name text NOT NULL, born date,
    insurance text,                 -- recorded as its hash
    portrait bytea);                -- not recorded
CREATE TABLE visit (
    id int PRIMARY KEY, clinic_id uuid NOT NULL REFERENCES clinic, patient_id int REFERENCES patient,
    at timestamptz NOT NULL, reason text);
CREATE TABLE prescription (
    number text PRIMARY KEY, clinic_id uuid NOT NULL REFERENCES clinic,
    patient_id int REFERENCES patient ON DELETE CASCADE, drug text NOT NULL, dose_mg int NOT NULL,
    signed_by text NOT NULL);

INSERT INTO clinic VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'North Clinic'),
                          ('bbbbbbbb-0000-4000-8000-000000000002', 'South Clinic');
INSERT INTO patient VALUES (1, 'aaaaaaaa-0000-4000-8000-000000000001', 'Ada', '1950-12-10', 'N-1'),
                           (2, 'aaaaaaaa-0000-4000-8000-000000000001', 'Grace', '1966-12-09', 'N-2'),
                           (3, 'bbbbbbbb-0000-4000-8000-000000000002', 'Alan', '1962-06-23', 'S-1');

-- What the clinics' software logs in as: it has no rights on the ledger and needs none.
SELECT 'CREATE ROLE clinic_app' WHERE to_regrole('clinic_app') IS NULL \gexec
GRANT USAGE ON SCHEMA clinic TO clinic_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA clinic TO clinic_app;
