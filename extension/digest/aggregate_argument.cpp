// Plain C-style: no local has a destructor.
#include "extension/digest/aggregate_argument.hpp"

namespace custody::digest {

namespace {

const Plan *child_of(const Plan *plan) {
    if (IsA(plan, Append)) {
        return static_cast<const Plan *>(
            linitial(reinterpret_cast<const Append *>(plan)->appendplans));
    }
    if (IsA(plan, MergeAppend)) {
        return static_cast<const Plan *>(
            linitial(reinterpret_cast<const MergeAppend *>(plan)->mergeplans));
    }
    return plan->lefttree;
}

/// Follows a reference to what a plan node below computes. `plan` becomes that node.
const Expr *follow(const Expr *reference, const Plan **plan) {
    while (reference != nullptr && IsA(reference, Var)) {
        *plan = child_of(*plan);
        if (*plan == nullptr) {
            return nullptr;
        }
        const auto *var = reinterpret_cast<const Var *>(reference);
        const TargetEntry *entry = get_tle_by_resno((*plan)->targetlist, var->varattno);
        reference = entry == nullptr ? nullptr : entry->expr;
    }
    return reference;
}

/// The aggregate with its own arguments: those of a combining one are the partial states.
const Aggref *partial_of(const Aggref *aggregate, const Plan *plan) {
    while (aggregate != nullptr && DO_AGGSPLIT_COMBINE(aggregate->aggsplit)) {
        const Expr *state = linitial_node(TargetEntry, aggregate->args)->expr;
        const Expr *below = follow(state, &plan);
        aggregate = below != nullptr && IsA(below, Aggref) ? reinterpret_cast<const Aggref *>(below)
                                                           : nullptr;
    }
    return aggregate;
}

} // namespace

bool aggregate_argument(FunctionCallInfo fcinfo, int argument, NullableDatum *value) {
    if (fcinfo->context == nullptr || !IsA(fcinfo->context, AggState)) {
        return false;
    }
    auto *state = reinterpret_cast<AggState *>(fcinfo->context);
    const Aggref *aggregate = partial_of(AggGetAggref(fcinfo), state->ss.ps.plan);
    if (aggregate == nullptr || list_length(aggregate->args) <= argument) {
        return false;
    }
    Expr *expression = static_cast<TargetEntry *>(list_nth(aggregate->args, argument))->expr;
    if (contain_var_clause(reinterpret_cast<Node *>(expression))) {
        return false;
    }
    ExprState *compiled = ExecInitExpr(expression, &state->ss.ps);
    value->value = ExecEvalExpr(compiled, state->ss.ps.ps_ExprContext, &value->isnull);
    return true;
}

} // namespace custody::digest
