#include <fmt/format.h>

#include "loader/schema/schema.hpp"

namespace custody::schema {
namespace {

constexpr const char *kKey = R"(
SELECT pg_catalog.format('%I.%I', n.nspname, r.relname),
       pg_catalog.format('%I.%I', fn.nspname, f.relname), f.relkind = 'p',
       (SELECT pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ' ORDER BY k.at)
        FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY k(num, at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
       (SELECT pg_catalog.string_agg(
                   pg_catalog.format('t.%I OPERATOR(%I.%s) r.%I', a.attname, opn.nspname,
                                     o.oprname, fa.attname), ' AND ' ORDER BY k.at)
        FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY k(num, fnum, op, at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num
        JOIN pg_catalog.pg_attribute fa ON fa.attrelid = c.confrelid AND fa.attnum = k.fnum
        JOIN pg_catalog.pg_operator o ON o.oid = k.op
        JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace),
       (SELECT pg_catalog.string_agg(pg_catalog.format('t.%I IS NOT NULL', a.attname), ' AND ')
        FROM pg_catalog.unnest(c.conkey) k(num)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num)
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
WHERE c.contype = 'f'
  AND pg_catalog.strpos($1, pg_catalog.format('%I.%I', n.nspname, r.relname) || E'\n') > 0
  AND pg_catalog.strpos($1, E'\n    VALIDATE CONSTRAINT ' || pg_catalog.quote_ident(c.conname) || ';') > 0)";

} // namespace

std::vector<std::string> orphan_samples(pq::Connection &target, const state::TaskRow &validate,
                                        int limit) {
    // The statement names the key better than a tag with two names in it. It may have been
    // written with all identifiers quoted: then no key is found that need no quotes, so the
    // server compares both spellings.
    for (const char *quoting : {"off", "on"}) {
        target.query("SELECT pg_catalog.set_config('quote_all_identifiers', $1, false)",
                     std::string(quoting));
        const auto key = target.query(kKey, validate.sql);
        target.exec("SELECT pg_catalog.set_config('quote_all_identifiers', 'off', false)");
        if (key.rows() != 1)
            continue;
        // Rows of inheritance children are not the key's, those of partitions are.
        const auto rows = target.exec(fmt::format(
            "SELECT ROW({})::text FROM ONLY {} t WHERE {} AND NOT EXISTS (SELECT FROM {}{} r "
            "WHERE {}) LIMIT {}",
            key.text(0, 3), key.text(0, 0), key.text(0, 5), key.boolean(0, 2) ? "" : "ONLY ",
            key.text(0, 1), key.text(0, 4), limit));
        std::vector<std::string> samples;
        for (int row = 0; row < rows.rows(); ++row)
            samples.push_back(rows.str(row, 0));
        return samples;
    }
    return {};
}

} // namespace custody::schema
