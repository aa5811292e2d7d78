// Plain C-style: no local has a destructor.
#include "extension/audit/fold_plan.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// The next word of a line; its end is moved behind it. nullptr at the line's end.
char *next_word(char **rest) {
    while (**rest == ' ') {
        ++*rest;
    }
    if (**rest == '\0' || **rest == '\n') {
        return nullptr;
    }
    char *word = *rest;
    while (**rest != ' ' && **rest != '\n' && **rest != '\0') {
        ++*rest;
    }
    return word;
}

int next_number(char **rest, int limit) {
    const char *word = next_word(rest);
    char *end;
    const long value = word == nullptr ? -1 : strtol(word, &end, 10);
    if (word == nullptr || end != *rest || value < 0 || value > limit) {
        refuse_fold_plan();
    }
    return static_cast<int>(value);
}

void read_constant(FoldColumn *column, const char *digits, Size count) {
    auto *bytes = static_cast<char *>(palloc(count / 2 + 1));
    column->source = FoldSource::constant;
    column->length = hex_decode(digits, count, bytes);
    column->bytes = reinterpret_cast<const std::byte *>(bytes);
}

void read_column(FoldMap *map, int target, char **rest) {
    FoldColumn *column = &map->columns[target];
    char *at = *rest;
    const char *word = next_word(&at);
    if (word == nullptr) {
        refuse_fold_plan();
    }
    switch (*word) {
    case '-':
        column->source = FoldSource::null;
        break;
    case '?':
        column->source = FoldSource::unknown;
        break;
    case 'x':
        read_constant(column, word + 1, static_cast<Size>(at - word - 1));
        break;
    default:
        column->source = FoldSource::position;
        column->position = next_number(rest, map->source_count - 1);
        map->targets[column->position] = target;
        break;
    }
    *rest = at;
}

void read_map(FoldPlan *plan, FoldMap *map, char *rest) {
    map->descriptor = next_number(&rest, PG_INT32_MAX);
    map->source_count = next_number(&rest, PG_UINT16_MAX);
    map->columns = static_cast<FoldColumn *>(palloc0(sizeof(FoldColumn) * Max(plan->count, 1)));
    map->targets = static_cast<int *>(palloc(sizeof(int) * Max(map->source_count, 1)));
    std::fill(map->targets, map->targets + map->source_count, -1);
    for (int i = 0; i < plan->count; ++i) {
        read_column(map, i, &rest);
    }
}

} // namespace

void refuse_fold_plan() {
    pg::raise(ERRCODE_DATA_CORRUPTED, "invalid plan to fold events of the audit ledger");
}

FoldPlan *read_fold_plan(const char *text, Size length) {
    auto *plan = static_cast<FoldPlan *>(palloc0(sizeof(FoldPlan)));
    plan->text = pnstrdup(text, length);
    plan->length = length;
    int lines = 0;
    for (Size i = 0; i < length; ++i) {
        lines += text[i] == '\n';
    }
    plan->maps = static_cast<FoldMap *>(palloc0(sizeof(FoldMap) * Max(lines, 1)));
    char *rest = plan->text;
    plan->count = next_number(&rest, PG_UINT16_MAX);
    while ((rest = strchr(rest, '\n')) != nullptr) {
        ++rest;
        read_map(plan, &plan->maps[plan->map_count], rest);
        ++plan->map_count;
    }
    return plan;
}

const FoldMap *find_fold_map(const FoldPlan *plan, int32 descriptor) {
    for (int i = plan->map_count - 1; i >= 0; --i) {
        if (plan->maps[i].descriptor == descriptor) {
            return &plan->maps[i];
        }
    }
    return nullptr;
}

} // namespace custody::audit
