#include "extension/tenant/key_cache.hpp"

#include "extension/pg/values.hpp"
#include "extension/tenant/key_rows.hpp"

namespace custody::tenant {

namespace {

constexpr const char *kTables[] = {"token_key", "jwt_issuer", "jwt_key", "membership_source"};
constexpr std::size_t kTableCount = std::size(kTables);

const KeyCache *the_cache = nullptr;
Oid cached_tables[kTableCount];
bool is_stale = true;
bool is_registered = false;

/// Called by the server for every relation that has changed; InvalidOid: any may have.
void forget(Datum, Oid relation) {
    bool ours = !OidIsValid(relation);
    for (const Oid table : cached_tables) {
        ours = ours || table == relation;
    }
    is_stale = is_stale || ours;
}

void register_callback() { CacheRegisterRelcacheCallback(forget, 0); }

/// One row; columns count from 0 as the SQL that makes the table has them.
class Row {
  public:
    Row(const TableRows &rows, int number) : rows_(rows), start_(number * rows.columns) {}

    std::string text(int column) const {
        return is_null(column) ? std::string() : pg::text_value(value(column));
    }
    std::string name(int column) const {
        return is_null(column) ? std::string() : NameStr(*DatumGetName(value(column)));
    }
    std::vector<std::string> texts(int column) const {
        return is_null(column) ? std::vector<std::string>()
                               : pg::text_array_value(value(column), "a list of the table");
    }
    bool is_null(int column) const { return rows_.nulls[start_ + column]; }
    Datum value(int column) const { return rows_.values[start_ + column]; }

  private:
    const TableRows &rows_;
    int start_;
};

template <typename Take> void each_row(const char *table, int columns, const Take &take) {
    const TableRows rows = pg::call<read_rows>(table);
    for (int i = 0; i < rows.count && rows.columns >= columns; ++i) {
        take(Row(rows, i));
    }
}

std::optional<StoredKey> public_key(const Row &row, int column, int algorithm) {
    if (row.is_null(column)) {
        return std::nullopt;
    }
    return StoredKey(row.text(column), row.text(algorithm));
}

void read_own(KeyCache &cache) {
    each_row("token_key", 4, [&](const Row &row) {
        const bool wants_public = row.text(1) == token::algorithm_word(token::Algorithm::ed25519);
        if (wants_public != row.is_null(2)) {
            cache.own.push_back({row.text(0), public_key(row, 2, 1), DatumGetBool(row.value(3))});
        }
    });
    std::sort(cache.own.begin(), cache.own.end(),
              [](const OwnKey &a, const OwnKey &b) { return a.kid < b.kid; });
}

void read_issuers(KeyCache &cache) {
    each_row("jwt_issuer", 8, [&](const Row &row) {
        Issuer issuer;
        issuer.rules.issuer = row.text(0);
        issuer.rules.audience = row.texts(1);
        issuer.rules.authorized_parties = row.texts(2);
        issuer.rules.org_kind = token::org_kind(row.text(3));
        issuer.rules.org_path = row.texts(4);
        issuer.rules.user_path = row.texts(5);
        issuer.rules.role_path = row.texts(6);
        issuer.rules.skew = DatumGetInt32(row.value(7));
        cache.issuers.push_back(std::move(issuer));
    });
    each_row("jwt_key", 5, [&](const Row &row) {
        const std::string name = row.text(0);
        for (Issuer &issuer : cache.issuers) {
            if (issuer.rules.issuer == name) {
                issuer.keys.push_back({row.text(1), public_key(row, 3, 2), row.text(4)});
            }
        }
    });
}

void read_membership(KeyCache &cache) {
    each_row("membership_source", 5, [&](const Row &row) {
        cache.membership =
            MembershipSource{DatumGetObjectId(row.value(1)), row.name(2), row.name(3), row.name(4)};
    });
}

void reload() {
    is_stale = false; // first: what changes from here on is seen by the next call
    for (std::size_t i = 0; i < kTableCount; ++i) {
        cached_tables[i] = pg::call<custody_table>(kTables[i]);
    }
    auto fresh = std::make_unique<KeyCache>();
    read_own(*fresh);
    read_issuers(*fresh);
    read_membership(*fresh);
    delete the_cache;
    the_cache = fresh.release();
}

} // namespace

const token::PublicKey &StoredKey::get() const {
    if (!key_) {
        token::PublicKey key = token::PublicKey::parse(text_);
        if (token::algorithm_word(key.algorithm()) != algorithm_) {
            throw token::KeyError("the key is not of the algorithm that its row says");
        }
        key_ = std::move(key);
    }
    return *key_;
}

const KeyCache &key_cache() {
    if (!is_registered) {
        pg::call<register_callback>();
        is_registered = true;
    }
    pg::call<AcceptInvalidationMessages>();
    if (is_stale || the_cache == nullptr) {
        try {
            reload();
        } catch (...) {
            is_stale = true;
            throw;
        }
    }
    return *the_cache;
}

CUSTODY_FUNCTION(custody_forget_keys) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        throw pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                        "function is called where it is no trigger");
    }
    const auto *trigger = reinterpret_cast<const TriggerData *>(fcinfo->context);
    pg::call<CacheInvalidateRelcache>(trigger->tg_relation);
    PG_RETURN_POINTER(nullptr);
}

} // namespace custody::tenant
