// Plain C-style: no local has a destructor.
#include "extension/digest/columns.hpp"

#include "extension/digest/value_plan.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

/// Virtual generated columns came with 18; the letter is free before.
constexpr char kGeneratedVirtual = 'v';

struct NamedColumn {
    char *name;
    const char *utf8;
};

int compare_names(const void *a, const void *b) {
    return strcmp(static_cast<const NamedColumn *>(a)->utf8,
                  static_cast<const NamedColumn *>(b)->utf8);
}

} // namespace

AttrNumber find_column(RowType row_type, const char *name) {
    for (int i = 0; i < row_type.columns->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type.columns, i);
        if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0) {
            continue;
        }
        if (attribute->attgenerated == kGeneratedVirtual) {
            pg::raise(
                ERRCODE_FEATURE_NOT_SUPPORTED,
                psprintf("cannot digest column \"%s\" of relation \"%s\"", name, row_type.relation),
                "it is a virtual generated column, which is not stored");
        }
        return attribute->attnum;
    }
    if (row_type.relation == nullptr) {
        pg::raise(ERRCODE_UNDEFINED_COLUMN,
                  psprintf("column \"%s\" of the row does not exist", name));
    }
    pg::raise(ERRCODE_UNDEFINED_COLUMN,
              psprintf("column \"%s\" of relation \"%s\" does not exist", name, row_type.relation));
}

char **canonical_columns(TupleDesc row_type, int *count) {
    auto *found = static_cast<NamedColumn *>(palloc(sizeof(NamedColumn) * (row_type->natts + 1)));
    *count = 0;
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (attribute->attisdropped || attribute->attgenerated != '\0') {
            continue;
        }
        char *name = pstrdup(NameStr(attribute->attname));
        found[(*count)++] = {name, pg_server_to_any(name, static_cast<int>(strlen(name)), PG_UTF8)};
    }
    qsort(found, *count, sizeof(NamedColumn), compare_names);
    char **names = static_cast<char **>(palloc(sizeof(char *) * (*count + 1)));
    for (int i = 0; i < *count; ++i) {
        names[i] = found[i].name;
    }
    return names;
}

char **primary_key(Relation relation, int *count) {
    char **names = nullptr;
    *count = 0;
    List *indexes = RelationGetIndexList(relation);
    ListCell *cell;
    foreach (cell, indexes) {
        HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) {
            continue;
        }
        const auto index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        if (index->indisprimary) {
            *count = index->indnkeyatts;
            names = static_cast<char **>(palloc(sizeof(char *) * index->indnkeyatts));
            for (int i = 0; i < index->indnkeyatts; ++i) {
                const AttrNumber attribute = index->indkey.values[i];
                names[i] = pstrdup(
                    NameStr(TupleDescAttr(RelationGetDescr(relation), attribute - 1)->attname));
            }
        }
        ReleaseSysCache(tuple);
    }
    list_free(indexes);
    return names;
}

wire::Form form_of_columns(RowType row_type, Profile profile, char **columns, int count) {
    Oid *types = static_cast<Oid *>(palloc(sizeof(Oid) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        types[i] = TupleDescAttr(row_type.columns, find_column(row_type, columns[i]) - 1)->atttypid;
    }
    return form_of_types(profile, types, count);
}

} // namespace custody::digest
