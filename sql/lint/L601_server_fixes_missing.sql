-- code: L601
-- name: server_fixes_missing
-- level: error
-- title: Server without fixes of row security
-- why: each of these let rows through that policies hide
SELECT 'server' AS object,
       current_setting('server_version') || ' lacks ' || string_agg(DISTINCT f.cve, ', ' ORDER BY f.cve)
       AS seen,
       'update to ' || s.version / 10000 || '.' || max(f.minor) || ' or newer' AS remediation
  FROM lint_server s
  JOIN (VALUES ('CVE-2023-2455', 13, 11), ('CVE-2023-2455', 14, 8), ('CVE-2023-2455', 15, 3),
               ('CVE-2023-39418', 15, 4),
               ('CVE-2024-4317', 14, 12), ('CVE-2024-4317', 15, 7), ('CVE-2024-4317', 16, 3),
               ('CVE-2024-10976', 13, 17), ('CVE-2024-10976', 14, 14), ('CVE-2024-10976', 15, 9),
               ('CVE-2024-10976', 16, 5), ('CVE-2024-10976', 17, 1),
               ('CVE-2024-10978', 13, 17), ('CVE-2024-10978', 14, 14), ('CVE-2024-10978', 15, 9),
               ('CVE-2024-10978', 16, 5), ('CVE-2024-10978', 17, 1),
               ('CVE-2025-8713', 13, 22), ('CVE-2025-8713', 14, 19), ('CVE-2025-8713', 15, 14),
               ('CVE-2025-8713', 16, 10), ('CVE-2025-8713', 17, 6)) f(cve, major, minor)
    ON f.major = s.version / 10000 AND s.version % 10000 < f.minor
 GROUP BY s.version
