// The plan as JSON and back, complete: what a run stores in the target and reads on resume.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "loader/plan/plan.hpp"

namespace custody::plan {

nlohmann::json to_json(const Plan &plan);
/// Throws Error (Exit::mismatch, code "plan-unreadable") when something is missing or malformed.
Plan from_json(const nlohmann::json &json);

nlohmann::json to_json(const Finding &finding);
std::string_view severity_name(Severity severity) noexcept;
std::string_view method_name(PartMethod method) noexcept; // "whole", "ctid", ...

} // namespace custody::plan
