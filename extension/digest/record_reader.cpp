// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
#include "extension/digest/record_reader.hpp"

#include "extension/digest/arguments.hpp"
#include "extension/digest/hidden_rows.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

/// The relation whose rows have a type; no relation where the type is no table's.
Oid table_of_type(Oid type) {
    const Oid relation = get_typ_typrelid(type);
    if (!OidIsValid(relation)) {
        return InvalidOid;
    }
    switch (get_rel_relkind(relation)) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_FOREIGN_TABLE:
    case RELKIND_MATVIEW:
        return relation;
    default:
        return InvalidOid;
    }
}

char **key_of_relation(Oid relation, int *count) {
    *count = 0;
    if (!OidIsValid(relation)) {
        return nullptr;
    }
    Relation opened = relation_open(relation, AccessShareLock);
    char **names = primary_key(opened, count);
    relation_close(opened, NoLock);
    return names;
}

/// Shape and row type as the options have them; the table of the type, if it is one.
Oid choose(Oid type, TupleDesc columns, const RecordOptions *options, RowType *row_type,
           RowShape *shape) {
    const Oid table = table_of_type(type);
    if (OidIsValid(table) && options->query != nullptr) {
        refuse_hidden_rows(table, options->query);
    }
    const Oid relation = get_typ_typrelid(type);
    *row_type = {columns, OidIsValid(relation) ? get_rel_name(relation) : nullptr};
    shape->profile = options->profile.isnull ? Profile::fast : profile_of(options->profile.value);
    shape->columns = options->columns.isnull
                         ? canonical_columns(columns, &shape->column_count)
                         : names_of(options->columns.value, "columns", &shape->column_count);
    shape->form = options->form.isnull ? form_of_columns(*row_type, shape->profile, shape->columns,
                                                         shape->column_count)
                                       : form_of(options->form.value);
    shape->key_count = 0;
    shape->key = nullptr;
    if (options->keyed) {
        shape->key = options->key.isnull ? key_of_relation(table, &shape->key_count)
                                         : names_of(options->key.value, "key", &shape->key_count);
    }
    return table;
}

NullableDatum copy_option(NullableDatum option) {
    if (!option.isnull) {
        option.value = datumCopy(option.value, false, -1);
    }
    return option;
}

RecordReader *make_reader(FunctionCallInfo fcinfo, int argument, HeapTupleHeader header,
                          const RecordOptions *options) {
    auto *old = static_cast<RecordReader *>(fcinfo->flinfo->fn_extra);
    if (old != nullptr) {
        fcinfo->flinfo->fn_extra = nullptr;
        MemoryContextDelete(old->context);
    }
    MemoryContext context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "custody record reader",
                                                  ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    auto *reader = static_cast<RecordReader *>(palloc0(sizeof(RecordReader)));
    reader->context = context;
    reader->type = HeapTupleHeaderGetTypeId(header);
    reader->typmod = HeapTupleHeaderGetTypMod(header);
    reader->role = GetUserId();
    reader->options = {copy_option(options->columns),
                       copy_option(options->key),
                       copy_option(options->profile),
                       copy_option(options->form),
                       options->keyed,
                       nullptr};
    // The version first: should the type be altered in between, the next row makes another reader.
    if (reader->type != RECORDOID) { // what an anonymous type has in a session, it keeps
        reader->cached_type = lookup_type_cache(reader->type, TYPECACHE_TUPDESC);
        reader->type_version = reader->cached_type->tupDesc_identifier;
    }
    reader->row_type = lookup_rowtype_tupdesc_copy(reader->type, reader->typmod);
    reader->values = static_cast<Datum *>(palloc(sizeof(Datum) * reader->row_type->natts));
    reader->nulls = static_cast<bool *>(palloc(sizeof(bool) * reader->row_type->natts));
    RowType row_type;
    RowShape shape;
    const Oid table = choose(reader->type, reader->row_type, options, &row_type, &shape);
    // A domain's values need not be the rows of any table.
    const Oid declared = get_fn_expr_argtype(fcinfo->flinfo, argument);
    const bool of_domain = OidIsValid(declared) && getBaseType(declared) != declared;
    reader->form = shape.form;
    // Nor need single rows of those that a role is shown be all of them.
    const bool of_some = options->query == nullptr && OidIsValid(table) &&
                         check_enable_rls(table, InvalidOid, true) == RLS_ENABLED;
    reader->none = describe(&shape, !OidIsValid(table) || of_domain || of_some);
    init_encoder(&reader->encoder, row_type, &shape);
    MemoryContextSwitchTo(caller);
    fcinfo->flinfo->fn_extra = reader;
    return reader;
}

bool same_option(const NullableDatum *a, const NullableDatum *b) {
    return a->isnull == b->isnull && (a->isnull || datumIsEqual(a->value, b->value, false, -1));
}

/// The type may be altered while the call site lasts, and so may one that a column of it holds.
bool same_type(const RecordReader *reader) {
    return (reader->cached_type == nullptr ||
            reader->cached_type->tupDesc_identifier == reader->type_version) &&
           row_types_unchanged(&reader->encoder);
}

bool fits(const RecordReader *reader, HeapTupleHeader header, const RecordOptions *options) {
    return reader != nullptr && reader->type == HeapTupleHeaderGetTypeId(header) &&
           reader->typmod == HeapTupleHeaderGetTypMod(header) && same_type(reader) &&
           reader->role == GetUserId() &&
           same_option(&reader->options.columns, &options->columns) &&
           same_option(&reader->options.key, &options->key) &&
           same_option(&reader->options.profile, &options->profile) &&
           same_option(&reader->options.form, &options->form);
}

} // namespace

RecordReader *read_record(FunctionCallInfo fcinfo, int argument, const RecordOptions *options) {
    if (fcinfo->args[argument].isnull) {
        pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, "cannot digest a row that is null",
                  "no table holds such a row; an outer join makes them",
                  "leave them out with a WHERE or FILTER clause");
    }
    HeapTupleHeader header = DatumGetHeapTupleHeader(fcinfo->args[argument].value);
    auto *reader = static_cast<RecordReader *>(fcinfo->flinfo->fn_extra);
    if (!fits(reader, header, options)) {
        reader = make_reader(fcinfo, argument, header, options);
    }
    HeapTupleData tuple = tuple_of(header);
    heap_deform_tuple(&tuple, reader->row_type, reader->values, reader->nulls);
    if (reader->form == wire::Form::binary) {
        encode_row(&reader->encoder, reader->values, reader->nulls);
    } else {
        const int level = pin_settings();
        encode_row(&reader->encoder, reader->values, reader->nulls);
        unpin_settings(level);
    }
    return reader;
}

bool describe_records(Oid type, const RecordOptions *options, DigestValue *none) {
    const Oid base = getBaseType(type);
    if (!OidIsValid(get_typ_typrelid(base))) {
        return false;
    }
    RowType row_type;
    RowShape shape;
    TupleDesc columns = lookup_rowtype_tupdesc_copy(base, -1);
    const Oid table = choose(base, columns, options, &row_type, &shape);
    for (int i = 0; i < shape.column_count; ++i) {
        find_column(row_type, shape.columns[i]);
    }
    *none = describe(&shape, !OidIsValid(table) || base != type);
    return true;
}

} // namespace custody::digest
