#include "loader/verify/checkpoint.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/run/settings.hpp"
#include "loader/verify/render.hpp"

namespace custody::verify {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char *kEnded = "ended";

std::string line_of(const json &value) { return json_line(value) + "\n"; }

json server_json(const plan::Server &server) {
    return {{"identity", server.identity}, {"description", server.description}};
}

std::string header_of(const cli::Options &options, const Scope &scope) {
    return line_of({{"custody_verify_checkpoint", kVersion},
                    {"encoding_version", digest::kEncodingVersion},
                    {"source", server_json(scope.source)},
                    {"target", server_json(scope.target)},
                    {"migration", scope.migration},
                    {"method", options.method},
                    {"profile", std::string(digest::profile_name(profile_of(options)))},
                    {"settings", run::settings_json(options)}});
}

/// A table that was made anew, emptied or rewritten has other ones.
json relations_json(const std::vector<copy::Relation> &relations) {
    json list = json::array();
    for (const auto &relation : relations)
        list.push_back({relation.oid, relation.filenode});
    return list;
}

/// What must be the same for an earlier verdict to be about this table.
std::string key_of(const Item &item) {
    json columns = json::array();
    for (const auto &column : item.table.columns)
        columns.push_back({column.name, column.type, column.target_type, column.cast});
    return json_line(json{{"source", {item.table.schema, item.table.name, item.table.source_oid}},
                          {"target", {item.table.target_schema, item.table.target_name}},
                          {"columns", columns},
                          {"key", item.table.key},
                          {"form", std::string(wire::form_name(item.ways.form))},
                          {"filter", item.table.row_filter},
                          {"condition", item.condition},
                          {"source_relations", relations_json(item.source)},
                          {"target_relations", relations_json(item.target)}});
}

Error unusable(const std::string &path, const std::string &why) {
    return Error(Exit::usage, "checkpoint-unusable",
                 fmt::format("the checkpoint file \"{}\" cannot be used", path), why,
                 "name a file that can be written, or none");
}

} // namespace

Checkpoint::Checkpoint(const std::string &path, const cli::Options &options, const Scope &scope)
    : path_(path) {
    if (path_.empty())
        return;
    const auto header = header_of(options, scope);
    std::error_code error;
    if (!std::filesystem::exists(path_, error))
        begin(header);
    file_ = open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
    if (file_ < 0)
        throw unusable(path_, std::strerror(errno));
    if (flock(file_, LOCK_EX | LOCK_NB) != 0)
        throw Error(Exit::refused, "checkpoint-in-use",
                    fmt::format("another run uses the checkpoint file \"{}\"", path_), "",
                    "wait for its end, or name another file");
    read(header);
}

Checkpoint::~Checkpoint() {
    if (file_ >= 0)
        close(file_);
}

// Under another name first: there is never a file without its header.
void Checkpoint::begin(const std::string &header) {
    const std::string temporary = fmt::format("{}.{}.new", path_, getpid());
    file_ = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = file_ >= 0 && append(header);
    const int error = errno;
    if (file_ >= 0)
        close(file_);
    file_ = -1;
    failpoint("checkpoint.before_rename");
    // Unlike rename() this does not take the place of a file that another run has just begun.
    const bool linked = written && (link(temporary.c_str(), path_.c_str()) == 0 || errno == EEXIST);
    const int link_error = errno;
    unlink(temporary.c_str());
    if (!linked)
        throw unusable(path_, std::strerror(written ? link_error : error));
    const auto directory = std::filesystem::absolute(path_).parent_path();
    if (const int handle = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        handle >= 0) {
        fsync(handle);
        close(handle);
    }
}

void Checkpoint::read(const std::string &header) {
    std::string text;
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(file_, buffer, sizeof buffer)) != 0;) {
        if (got < 0)
            throw unusable(path_, std::strerror(errno));
        text.append(buffer, static_cast<std::size_t>(got));
    }
    if (!text.starts_with(header))
        throw Error(
            Exit::refused, "checkpoint-of-other",
            fmt::format("the checkpoint file \"{}\" is of another verification", path_),
            fmt::format("it begins with {}", text.substr(0, text.find('\n')).substr(0, 400)),
            "use the connections and options it was begun with, or name another file");
    std::size_t at = header.size();
    for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        try {
            const auto line = parse_json(text.substr(at, end - at));
            if (line.contains(kEnded)) {
                finished_.clear();
                at = header.size();
                break;
            }
            auto comparison = comparison_from_json(line.at("table"));
            comparison.from_checkpoint = true;
            finished_[line.at("key").get<std::string>()] = std::move(comparison);
        } catch (const std::exception &error) {
            throw unusable(path_, fmt::format("the line at byte {}: {}", at, error.what()));
        }
    }
    if (at < text.size() && ftruncate(file_, static_cast<off_t>(at)) != 0)
        throw unusable(path_, std::strerror(errno));
}

bool Checkpoint::append(const std::string &line) {
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto written = write(file_, rest.data(), rest.size());
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return fsync(file_) == 0;
}

std::optional<Comparison> Checkpoint::find(const Item &item) const {
    if (path_.empty())
        return std::nullopt;
    const auto found = finished_.find(key_of(item));
    return found == finished_.end() ? std::nullopt : std::optional(found->second);
}

void Checkpoint::add(const Item &item, const Comparison &comparison) {
    // Another one is looked at again: what was different may be mended, and its rows are not kept.
    if (path_.empty() || comparison.verdict != protocol::verdict::kEqual)
        return;
    const std::lock_guard guard(mutex_);
    failpoint("checkpoint.before_write");
    keep(line_of({{"key", key_of(item)}, {"table", to_json(comparison)}}));
    failpoint("checkpoint.after_write");
}

void Checkpoint::end() {
    if (!path_.empty())
        keep(line_of({{kEnded, true}}));
}

void Checkpoint::keep(const std::string &line) {
    if (!append(line))
        log::warn("could not write the checkpoint file \"{}\": {}", path_, std::strerror(errno));
}

} // namespace custody::verify
