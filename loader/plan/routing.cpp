#include "loader/plan/routing.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace custody::plan {

void unify_roots(std::vector<Table> &tables) {
    std::map<std::pair<std::string, std::string>, std::vector<Table *>> roots;
    for (auto &table : tables)
        if (!table.root_name.empty())
            roots[{table.root_schema, table.root_name}].push_back(&table);
    for (auto &[root, members] : roots) {
        Table common = *members.front();
        for (const Table *member : members) {
            if (member->form == wire::Form::text && common.form == wire::Form::binary) {
                common.form = member->form;
                common.form_reason = member->form_reason;
            }
            if (member->key != common.key)
                common.key.clear();
            common.buckets = std::max(common.buckets, member->buckets);
        }
        for (Table *member : members) {
            member->form = common.form;
            member->form_reason = common.form_reason;
            member->key = common.key;
            member->buckets = common.buckets;
        }
    }
}

} // namespace custody::plan
