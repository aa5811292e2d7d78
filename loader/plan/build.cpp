#include "loader/plan/build.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/plan/columns.hpp"
#include "loader/plan/finding_codes.hpp"
#include "loader/plan/routing.hpp"
#include "loader/plan/selection.hpp"
#include "loader/plan/side.hpp"
#include "loader/plan/split.hpp"

namespace custody::plan {
namespace {

class Builder {
  public:
    Builder(pq::Connection &source, pq::Connection *target, const cli::Options &opts, Scope scope)
        : source_connection_(source), target_connection_(target), options_(opts), scope_(scope),
          selection_(opts) {}

    Plan build();

  private:
    void read_source();
    void read_target();
    void find_collations();
    Lineage lineage(const Relation &relation) const;
    void select();
    bool leave_out(const Relation &relation, bool named);
    std::vector<Unit> units() const;
    void add_table(const Unit &unit);
    std::string row_filter(const Unit &unit) const;
    void add_columns(Table &table, const Relation &relation, const Relation *target);
    std::map<std::string, std::string> chosen_casts(const Relation &relation);
    void require_casts_used() const;
    const Measure &measure_of(const Relation &relation) const;
    void measure(Table &table, const Unit &unit);
    void split_leaves(Table &table, const std::vector<std::int64_t> &bytes);
    void split(Table &table, const Relation &relation, const Measure &measure);
    void split_by_key(Table &table, const Relation &relation, int parts);
    void finish();
    void require_distinct_targets() const;

    pq::Connection &source_connection_;
    pq::Connection *target_connection_;
    const cli::Options &options_;
    const Scope scope_;
    Selection selection_;
    Side source_, target_;
    std::map<std::pair<std::string, std::string>, Collation> target_collations_;
    std::set<Oid> referenced_on_target_;
    FutureTarget future_;
    std::vector<const Relation *> selected_;
    std::map<Oid, Measure> measures_;
    std::set<std::string> casts_used_;
    Plan plan_;
};

Plan Builder::build() {
    read_source();
    if (target_connection_ != nullptr)
        read_target();
    for (const Unit &unit : units())
        add_table(unit);
    require_casts_used();
    require_distinct_targets();
    finish();
    return std::move(plan_);
}

void Builder::read_source() {
    const CatalogScope scope(source_connection_);
    source_.read(source_connection_);
    plan_.source = source_.server;
    select();
    std::set<Oid> oids;
    for (const Relation *relation : selected_)
        oids.insert(relation->oid);
    measures_ = read_measures(source_connection_, oids);
    for (const Relation *relation : selected_)
        for (const Relation *ancestor : source_.ancestors(*relation))
            oids.insert(ancestor->oid);
    source_.read_columns(source_connection_, oids);
}

void Builder::read_target() {
    const CatalogScope scope(*target_connection_);
    target_.read(*target_connection_);
    plan_.target = target_.server;
    referenced_on_target_ = read_referenced(*target_connection_);
    std::set<Oid> oids;
    for (const auto &[oid, relation] : target_.relations)
        if (relation.kind == 'r' || relation.kind == 'p')
            oids.insert(oid);
    target_.read_columns(*target_connection_, oids);
    future_.version = target_.server.version;
    const auto rows = target_connection_->exec(
        "SELECT name, coalesce(installed_version, default_version) FROM pg_available_extensions");
    for (int i = 0; i < rows.rows(); ++i)
        future_.extensions[rows.str(i, 0)] = rows.str(i, 1);
    find_collations();
}

// Looked up once: what the collations of the source's partition keys are on the target.
void Builder::find_collations() {
    for (const auto &[oid, collation] : source_.collations) {
        if (oid == kDefaultCollation)
            target_collations_[{collation.schema, collation.name}] =
                target_.collations.at(kDefaultCollation);
        else if (auto found = find_collation(*target_connection_, collation.schema, collation.name))
            target_collations_[{collation.schema, collation.name}] = *found;
    }
}

Lineage Builder::lineage(const Relation &relation) const {
    Lineage result{relation.schema, relation.name, {}};
    for (const Relation *ancestor : source_.ancestors(relation))
        result.ancestors.emplace_back(ancestor->schema, ancestor->name);
    return result;
}

void Builder::select() {
    std::vector<Lineage> lineages;
    for (const auto &[oid, relation] : source_.relations)
        lineages.push_back(lineage(relation));
    selection_.require_matches(lineages);
    std::size_t i = 0;
    for (const auto &[oid, relation] : source_.relations) {
        const Lineage &line = lineages[i++];
        if ((relation.kind == 'r' || relation.kind == 'f') && selection_.includes(line) &&
            !leave_out(relation, !selection_.everything()))
            selected_.push_back(&relation);
    }
}

// Says so in the plan when the relation is out of scope.
bool Builder::leave_out(const Relation &relation, bool named) {
    const std::string name = relation.schema + "." + relation.name;
    if (relation.extension == "custody" ||
        (relation.schema == "custody_ledger") != (scope_ == Scope::ledger))
        return true; // this extension's own state is nobody's data
    if (relation.kind == 'f') {
        plan_.not_moved.push_back(
            fmt::format("foreign table {}: its rows live on another server", name));
        return true;
    }
    if (relation.extension.empty() || relation.extension_config)
        return false;
    if (named || options_.verbose)
        plan_.not_moved.push_back(
            fmt::format("table {}: extension {} fills it itself", name, relation.extension));
    return true;
}

// "WHERE ..." as the extension registered it; nothing stands for all rows.
std::string config_condition(const std::string &condition) {
    const auto start = condition.find_first_not_of(" \t\n");
    if (start == std::string::npos)
        return "true";
    std::string word = condition.substr(start, 5);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    return word == "WHERE" ? condition.substr(start + 5) : condition;
}

std::vector<Unit> Builder::units() const {
    const TargetCollation collation = [&](const Collation &c) -> std::optional<Collation> {
        const auto found = target_collations_.find({c.schema, c.name});
        return found == target_collations_.end() ? std::nullopt : std::optional(found->second);
    };
    return Router(source_, target_, selection_, collation).units(selected_);
}

void Builder::add_table(const Unit &unit) {
    const Relation &relation = *unit.source;
    Table table;
    table.schema = relation.schema;
    table.name = relation.name;
    std::tie(table.target_schema, table.target_name) =
        selection_.target(relation.schema, relation.name);
    table.source_oid = relation.oid;
    table.persistence = std::string(1, relation.persistence);
    table.row_filter = row_filter(unit);
    if (relation.extension_config) {
        table.extension_config = true;
        table.extension = relation.extension;
        const std::string condition = config_condition(relation.condition);
        if (table.row_filter.empty())
            table.row_filter = condition;
        else
            table.row_filter = fmt::format("({}\n) AND ({}\n)", condition, table.row_filter);
    }
    const Relation *const target = target_.table(table.target_schema, table.target_name);
    table.target_exists = target != nullptr;
    if (target != nullptr) {
        table.target_oid = target->oid;
        table.referenced = referenced_on_target_.contains(target->oid);
    }
    table.routed = target != nullptr ? target->kind == 'p' : !unit.leaves.empty();
    if (const Relation *leaf = missing_leaf(unit, source_); leaf != nullptr && target == nullptr)
        plan_.findings.push_back(
            make_finding("partition-left-out", table.schema + "." + table.name,
                         fmt::format("{}.{} is not selected", leaf->schema, leaf->name)));
    add_columns(table, relation, target);
    measure(table, unit);
    plan_.tables.push_back(std::move(table));
}

// One filter for all of them: the condition is on the rows of the table that the plan has.
std::string Builder::row_filter(const Unit &unit) const {
    std::string filter = selection_.row_filter(lineage(*unit.source));
    for (const Relation *leaf : unit.leaves)
        if (selection_.row_filter(lineage(*leaf)) != filter)
            throw Error(Exit::usage, "filter-on-partition",
                        fmt::format("the rows of partition {}.{} cannot be filtered by themselves",
                                    leaf->schema, leaf->name),
                        fmt::format("the target places all rows of {}.{} itself",
                                    unit.source->schema, unit.source->name),
                        "filter the partitioned table");
    return filter;
}

std::map<std::string, std::string> Builder::chosen_casts(const Relation &relation) {
    std::map<std::string, std::string> chosen;
    const Lineage line = lineage(relation);
    for (const auto &[text, type] : options_.casts) {
        const auto names = split_name(text);
        if (names.size() != 3)
            throw Error(Exit::usage, "bad-cast",
                        fmt::format("malformed column name \"{}\" of a cast", text), "",
                        "write schema.table.column; put names that hold a dot in double quotes");
        std::vector<std::string> plain;
        for (const auto &name : names)
            plain.push_back(NamePattern(name).literal().value_or(name));
        bool fits = plain[0] == line.schema && plain[1] == line.name;
        for (const auto &[schema, name] : line.ancestors)
            fits = fits || (plain[0] == schema && plain[1] == name);
        const auto &columns = source_.attributes.at(relation.oid);
        const bool exists = std::any_of(columns.begin(), columns.end(),
                                        [&](const Attribute &a) { return a.name == plain[2]; });
        if (fits && exists) {
            chosen[plain[2]] = type;
            casts_used_.insert(text);
        }
    }
    return chosen;
}

void Builder::require_casts_used() const {
    for (const auto &[text, type] : options_.casts)
        if (!casts_used_.contains(text))
            throw Error(Exit::usage, "cast-matches-nothing",
                        fmt::format("cast of \"{}\" matches no column that is copied", text), "",
                        "write schema.table.column as they are on the source");
}

void Builder::add_columns(Table &table, const Relation &relation, const Relation *target) {
    const auto &attributes = source_.attributes.at(relation.oid);
    const auto casts = chosen_casts(relation);
    if (target == nullptr) {
        take_columns(table, attributes, source_.types, future_);
        for (const auto &[column, type] : casts)
            if (target_connection_ != nullptr)
                plan_.findings.push_back(make_finding(
                    "cast-pointless", table.schema + "." + table.name + "." + column,
                    fmt::format("a cast to {} was chosen, but the target has no such table yet",
                                type)));
    } else {
        const TypePairs pairs(source_.types, target_.types, selection_);
        auto findings =
            match_columns(table, attributes, source_.types, target_.attributes.at(target->oid),
                          target_.types, pairs, casts, target_.server.version);
        plan_.findings.insert(plan_.findings.end(), findings.begin(), findings.end());
    }
    const auto key = source_.primary_keys.find(relation.oid);
    if (key == source_.primary_keys.end())
        return;
    // A key with a column that is not copied (the target generates it) cannot pick buckets.
    const bool copied = std::all_of(key->second.begin(), key->second.end(), [&](const auto &name) {
        return std::any_of(table.columns.begin(), table.columns.end(),
                           [&](const Column &column) { return column.name == name; });
    });
    if (copied)
        table.key = key->second;
}

const Measure &Builder::measure_of(const Relation &relation) const {
    const auto found = measures_.find(relation.oid);
    if (found == measures_.end())
        throw Error(Exit::refused, "catalog-changed",
                    fmt::format("table {}.{} disappeared while the catalogs were read",
                                relation.schema, relation.name),
                    "", "run the command again when no schema change is under way");
    return found->second;
}

void Builder::measure(Table &table, const Unit &unit) {
    std::vector<std::int64_t> sizes;
    const auto add = [&](const Measure &measure) {
        sizes.push_back(measure.heap_bytes + measure.toast_bytes);
        table.bytes += sizes.back();
        table.estimated_rows += estimate_rows(measure, table.columns.size());
    };
    for (const Relation *leaf : unit.leaves) {
        const Measure &measure = measure_of(*leaf);
        add(measure);
        table.leaves.push_back({leaf->schema, leaf->name, leaf->oid, measure.filenode});
        if (leaf->persistence == 'u')
            table.persistence = std::string(1, leaf->persistence);
    }
    if (unit.leaves.empty()) {
        const Measure &measure = measure_of(*unit.source);
        add(measure);
        table.source_filenode = measure.filenode;
        split(table, *unit.source, measure);
    } else {
        split_leaves(table, sizes);
    }
    table.buckets = bucket_count(table.estimated_rows, table.parts.size());
}

void Builder::split_leaves(Table &table, const std::vector<std::int64_t> &bytes) {
    table.parts = split_sizes(bytes, options_.part_size);
    if (table.parts.size() > 1)
        table.method = PartMethod::leaf;
}

void Builder::split(Table &table, const Relation &relation, const Measure &measure) {
    table.parts = {Part{}};
    const int parts = wanted_parts(table.bytes, options_.part_size);
    if (parts == 1)
        return;
    if (relation.access_method == "heap" && source_.server.version >= 140000) {
        table.method = PartMethod::ctid;
        table.parts = split_blocks(measure.heap_bytes / measure.block_size, parts);
    } else {
        split_by_key(table, relation, parts);
    }
    if (table.parts.size() == 1) {
        table.method = PartMethod::whole;
        table.part_key.clear();
    }
}

void Builder::split_by_key(Table &table, const Relation &relation, int parts) {
    const auto key = source_.primary_keys.find(relation.oid);
    if (key == source_.primary_keys.end() || key->second.size() != 1 || !relation.readable)
        return;
    const auto &attributes = source_.attributes.at(relation.oid);
    const auto column = std::find_if(attributes.begin(), attributes.end(),
                                     [&](const auto &a) { return a.name == key->second.front(); });
    const std::string type = source_.types.base(column->type).name;
    if (type != "int2" && type != "int4" && type != "int8")
        return;
    const std::string name = pq::quote_identifier(column->name);
    const auto range =
        source_connection_.exec(fmt::format("SELECT min({}), max({}) FROM ONLY {}", name, name,
                                            pq::qualified(relation.schema, relation.name)));
    if (range.is_null(0, 0))
        return;
    table.method = PartMethod::key;
    table.part_key = column->name;
    table.parts = split_keys(range.number(0, 0), range.number(0, 1), parts);
}

void Builder::require_distinct_targets() const {
    std::map<std::pair<std::string, std::string>, const Table *> seen;
    for (const auto &table : plan_.tables) {
        const auto [other, fresh] =
            seen.emplace(std::pair(table.target_schema, table.target_name), &table);
        if (!fresh)
            throw Error(Exit::usage, "mapping-collides",
                        fmt::format("two tables map to {}.{} on the target", table.target_schema,
                                    table.target_name),
                        fmt::format("{}.{} and {}.{}", other->second->schema, other->second->name,
                                    table.schema, table.name),
                        "map them to different names");
    }
}

void Builder::finish() {
    std::sort(plan_.tables.begin(), plan_.tables.end(), [](const Table &a, const Table &b) {
        return std::tie(b.bytes, a.schema, a.name) < std::tie(a.bytes, b.schema, b.name);
    });
    int id = 0;
    for (auto &table : plan_.tables)
        table.id = ++id;
}

} // namespace

Plan build(pq::Connection &source, pq::Connection *target, const cli::Options &options,
           Scope scope) {
    return Builder(source, target, options, scope).build();
}

} // namespace custody::plan
