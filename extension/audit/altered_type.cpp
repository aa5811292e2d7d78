// What a command of ALTER TYPE or ALTER TABLE does to the values of a type, by its parse tree:
// to event triggers in SQL ADD VALUE looks like RENAME VALUE. Plain C-style.
#include "extension/pg/boundary.hpp"

namespace {

bool names_function_of_values(const AlterTypeStmt *statement) {
    ListCell *cell;
    foreach (cell, statement->options) {
        const char *name = lfirst_node(DefElem, cell)->defname;
        if (strcmp(name, "send") == 0 || strcmp(name, "output") == 0) {
            return true;
        }
    }
    return false;
}

bool alters_columns(const CollectedCommand *command) {
    ListCell *cell;
    foreach (cell, command->d.alterTable.subcmds) {
        const auto *part = static_cast<CollectedATSubcmd *>(lfirst(cell));
        if (IsA(part->parsetree, AlterTableCmd) &&
            custody_alters_columns(castNode(AlterTableCmd, part->parsetree)->subtype)) {
            return true;
        }
    }
    return false;
}

bool names_column(Node *expression, void *column) {
    if (expression == nullptr) {
        return false;
    }
    if (IsA(expression, ColumnRef)) {
        const auto *last = static_cast<Node *>(llast(castNode(ColumnRef, expression)->fields));
        return !IsA(last, String) ||
               strcmp(strVal(last), static_cast<const char *>(column)) == 0; // *: all of them
    }
    return custody_walk_raw(expression, names_column, column);
}

/// ALTER ... TYPE ... USING what has nothing to do with the column's values.
bool replaces_column(const AlterTableCmd *command) {
    if (command->subtype != AT_AlterColumnType || command->def == nullptr) {
        return false;
    }
    auto *expression = castNode(ColumnDef, command->def)->raw_default;
    return expression != nullptr && !names_column(expression, command->name);
}

} // namespace

CUSTODY_FUNCTION(custody_changes_values) {
    const auto *command = reinterpret_cast<CollectedCommand *>(PG_GETARG_POINTER(0));
    if (command->type == SCT_AlterTable) {
        PG_RETURN_BOOL(alters_columns(command));
    }
    const Node *statement = command->parsetree;
    if (command->type != SCT_Simple || statement == nullptr) {
        PG_RETURN_BOOL(false);
    }
    if (IsA(statement, AlterEnumStmt)) {
        PG_RETURN_BOOL(reinterpret_cast<const AlterEnumStmt *>(statement)->oldVal != nullptr);
    }
    PG_RETURN_BOOL(IsA(statement, AlterTypeStmt) &&
                   names_function_of_values(reinterpret_cast<const AlterTypeStmt *>(statement)));
}

CUSTODY_FUNCTION(custody_replaced_columns) {
    const auto *command = reinterpret_cast<CollectedCommand *>(PG_GETARG_POINTER(0));
    ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    if (command->type == SCT_AlterTable) {
        ListCell *cell;
        foreach (cell, command->d.alterTable.subcmds) {
            const auto *part = static_cast<CollectedATSubcmd *>(lfirst(cell));
            const auto *alter = reinterpret_cast<const AlterTableCmd *>(part->parsetree);
            if (IsA(alter, AlterTableCmd) && replaces_column(alter)) {
                names = accumArrayResult(names, PointerGetDatum(cstring_to_text(alter->name)),
                                         false, TEXTOID, CurrentMemoryContext);
            }
        }
    }
    PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}
