#include "loader/plan/json.hpp"

#include "loader/core/error.hpp"
#include "loader/core/json.hpp"

namespace custody::plan {
namespace {

using nlohmann::json;
using RuleKind = wire::TypeRule::Kind;

constexpr std::pair<RuleKind, const char *> kRuleKinds[] = {{RuleKind::raw, "raw"},
                                                            {RuleKind::float4, "float4"},
                                                            {RuleKind::float8, "float8"},
                                                            {RuleKind::array, "array"},
                                                            {RuleKind::composite, "composite"},
                                                            {RuleKind::range, "range"},
                                                            {RuleKind::multirange, "multirange"}};
constexpr std::pair<Severity, const char *> kSeverities[] = {
    {Severity::info, "info"}, {Severity::warning, "warning"}, {Severity::blocking, "blocking"}};
constexpr std::pair<PartMethod, const char *> kMethods[] = {{PartMethod::whole, "whole"},
                                                            {PartMethod::ctid, "ctid"},
                                                            {PartMethod::key, "key"},
                                                            {PartMethod::leaf, "leaf"}};

template <typename Table, typename Value>
constexpr const char *name_of(const Table &table, Value value) noexcept {
    for (const auto &[known, name] : table)
        if (known == value)
            return name;
    return "";
}

[[noreturn]] void unreadable(const std::string &seen) {
    throw Error(Exit::mismatch, "plan-unreadable", "the stored plan cannot be read", seen,
                "resume with the version of custody that made the plan, or abandon the migration "
                "and start over");
}

template <typename Value, typename Table>
Value value_of(const Table &table, const std::string &text) {
    for (const auto &[value, name] : table)
        if (text == name)
            return value;
    unreadable("unknown name \"" + text + "\"");
}

json rule_to_json(const wire::TypeRule &rule) {
    const char *const kind = name_of(kRuleKinds, rule.kind);
    if (rule.children.empty())
        return kind;
    json children = json::array();
    for (const auto &child : rule.children)
        children.push_back(rule_to_json(child));
    return {{kind, children}};
}

wire::TypeRule rule_from_json(const json &j) {
    wire::TypeRule rule;
    if (j.is_string()) {
        rule.kind = value_of<RuleKind>(kRuleKinds, j.get<std::string>());
        return rule;
    }
    if (!j.is_object() || j.size() != 1)
        unreadable("a type rule is neither a name nor one pair");
    rule.kind = value_of<RuleKind>(kRuleKinds, j.begin().key());
    for (const auto &child : j.begin().value())
        rule.children.push_back(rule_from_json(child));
    return rule;
}

json encode(const Server &s) {
    return {{"description", s.description},
            {"version", s.version},
            {"identity", s.identity},
            {"encoding", s.encoding},
            {"user", s.user},
            {"superuser", s.superuser},
            {"bypasses_row_security", s.bypasses_row_security},
            {"in_recovery", s.in_recovery}};
}

Server server_from_json(const json &j) {
    Server s;
    j.at("description").get_to(s.description);
    j.at("version").get_to(s.version);
    j.at("identity").get_to(s.identity);
    j.at("encoding").get_to(s.encoding);
    j.at("user").get_to(s.user);
    j.at("superuser").get_to(s.superuser);
    j.at("bypasses_row_security").get_to(s.bypasses_row_security);
    j.at("in_recovery").get_to(s.in_recovery);
    return s;
}

json encode(const Column &c) {
    return {{"name", c.name},
            {"type", c.type},
            {"target_type", c.target_type},
            {"cast", c.cast},
            {"lossy_checked", c.lossy_checked},
            {"rule", rule_to_json(c.rule)}};
}

Column column_from_json(const json &j) {
    Column c;
    j.at("name").get_to(c.name);
    j.at("type").get_to(c.type);
    j.at("target_type").get_to(c.target_type);
    j.at("cast").get_to(c.cast);
    j.at("lossy_checked").get_to(c.lossy_checked);
    c.rule = rule_from_json(j.at("rule"));
    return c;
}

json encode(const GeneratedColumn &g) {
    return {{"name", g.name},
            {"expression", g.expression},
            {"type", g.type},
            {"composite", g.composite}};
}

json encode(const Leaf &leaf) {
    return {{"schema", leaf.schema},
            {"name", leaf.name},
            {"oid", leaf.oid},
            {"filenode", leaf.filenode}};
}

json optional_to_json(const std::optional<std::int64_t> &value) {
    return value ? json(*value) : json(nullptr);
}

json encode(const Part &p) {
    return {{"number", p.number},
            {"lower", optional_to_json(p.lower)},
            {"upper", optional_to_json(p.upper)}};
}

Part part_from_json(const json &j) {
    Part p;
    j.at("number").get_to(p.number);
    if (!j.at("lower").is_null())
        p.lower = j.at("lower").get<std::int64_t>();
    if (!j.at("upper").is_null())
        p.upper = j.at("upper").get<std::int64_t>();
    return p;
}

json encode(const Table &table);
json encode(const Finding &finding) { return to_json(finding); }

template <typename Items> json list(const Items &items) {
    json result = json::array();
    for (const auto &item : items)
        result.push_back(encode(item));
    return result;
}

json encode(const Table &t) {
    return {{"id", t.id},
            {"schema", t.schema},
            {"name", t.name},
            {"target_schema", t.target_schema},
            {"target_name", t.target_name},
            {"source_oid", t.source_oid},
            {"source_filenode", t.source_filenode},
            {"persistence", t.persistence},
            {"columns", list(t.columns)},
            {"key", t.key},
            {"generated", list(t.generated)},
            {"form", std::string(wire::form_name(t.form))},
            {"form_reason", t.form_reason},
            {"buckets", t.buckets},
            {"row_filter", t.row_filter},
            {"routed", t.routed},
            {"leaves", list(t.leaves)},
            {"method", std::string(method_name(t.method))},
            {"part_key", t.part_key},
            {"parts", list(t.parts)},
            {"estimated_rows", t.estimated_rows},
            {"bytes", t.bytes},
            {"referenced", t.referenced},
            {"target_exists", t.target_exists},
            {"target_oid", t.target_oid},
            {"extension_config", t.extension_config},
            {"extension", t.extension}};
}

void read_lists(const json &j, Table &t) {
    for (const auto &column : j.at("columns"))
        t.columns.push_back(column_from_json(column));
    for (const auto &g : j.at("generated"))
        t.generated.push_back({g.at("name").get<std::string>(),
                               g.at("expression").get<std::string>(),
                               g.at("type").get<std::string>(), g.at("composite").get<bool>()});
    for (const auto &leaf : j.at("leaves"))
        t.leaves.push_back({leaf.at("schema").get<std::string>(),
                            leaf.at("name").get<std::string>(), leaf.at("oid").get<std::uint32_t>(),
                            leaf.at("filenode").get<std::uint32_t>()});
    for (const auto &part : j.at("parts"))
        t.parts.push_back(part_from_json(part));
    if (t.parts.empty())
        unreadable("table " + t.name + " has no parts");
}

Table table_from_json(const json &j) {
    Table t;
    j.at("id").get_to(t.id);
    j.at("schema").get_to(t.schema);
    j.at("name").get_to(t.name);
    j.at("target_schema").get_to(t.target_schema);
    j.at("target_name").get_to(t.target_name);
    j.at("source_oid").get_to(t.source_oid);
    j.at("source_filenode").get_to(t.source_filenode);
    j.at("persistence").get_to(t.persistence);
    j.at("key").get_to(t.key);
    t.form = wire::form_from_name(j.at("form").get<std::string>());
    j.at("form_reason").get_to(t.form_reason);
    j.at("buckets").get_to(t.buckets);
    j.at("row_filter").get_to(t.row_filter);
    j.at("routed").get_to(t.routed);
    t.method = value_of<PartMethod>(kMethods, j.at("method").get<std::string>());
    j.at("part_key").get_to(t.part_key);
    j.at("estimated_rows").get_to(t.estimated_rows);
    j.at("bytes").get_to(t.bytes);
    j.at("referenced").get_to(t.referenced);
    j.at("target_exists").get_to(t.target_exists);
    j.at("target_oid").get_to(t.target_oid);
    j.at("extension_config").get_to(t.extension_config);
    j.at("extension").get_to(t.extension);
    read_lists(j, t);
    return t;
}

Finding finding_from_json(const json &j) {
    Finding f;
    j.at("code").get_to(f.code);
    f.severity = value_of<Severity>(kSeverities, j.at("severity").get<std::string>());
    j.at("object").get_to(f.object);
    j.at("seen").get_to(f.seen);
    j.at("remedy").get_to(f.remedy);
    return f;
}

} // namespace

std::string_view severity_name(Severity severity) noexcept {
    return name_of(kSeverities, severity);
}

std::string_view method_name(PartMethod method) noexcept { return name_of(kMethods, method); }

json to_json(const Finding &finding) {
    return {{"code", finding.code},
            {"severity", std::string(severity_name(finding.severity))},
            {"object", finding.object},
            {"seen", finding.seen},
            {"remedy", finding.remedy}};
}

json to_json(const Plan &plan) {
    return {{"schema_version", 1},           {"source", encode(plan.source)},
            {"target", encode(plan.target)}, {"tables", list(plan.tables)},
            {"not_moved", plan.not_moved},   {"findings", list(plan.findings)}};
}

Plan from_json(const json &j) {
    try {
        if (j.at("schema_version") != 1)
            unreadable("schema_version " + j.at("schema_version").dump());
        Plan plan;
        plan.source = server_from_json(j.at("source"));
        plan.target = server_from_json(j.at("target"));
        for (const auto &table : j.at("tables"))
            plan.tables.push_back(table_from_json(table));
        j.at("not_moved").get_to(plan.not_moved);
        for (const auto &finding : j.at("findings"))
            plan.findings.push_back(finding_from_json(finding));
        return plan;
    } catch (const json::exception &error) {
        unreadable(error.what());
    } catch (const wire::WireError &error) {
        unreadable(error.what());
    }
}

} // namespace custody::plan
