// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/capture_descriptor.hpp"

#include "extension/audit/json_reader.hpp"
#include "extension/audit/ledger_relation.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int64 kLargeValue = 64 * 1024 * 1024;

enum AuditedColumn { kId = 1, kIdentity, kSchema, kName, kRelation, kActive, kOptions = 9 };
enum DescriptorColumn { kDescriptorId = 1, kTbl = 2, kVersion = 3, kHash = 4, kText = 5 };

/// The unique index that begins with a column, if there is one.
Oid index_on(Relation relation, AttrNumber column) {
    Oid found = InvalidOid;
    List *indexes = RelationGetIndexList(relation);
    ListCell *cell;
    foreach (cell, indexes) {
        Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        if (index->rd_index->indkey.values[0] == column && index->rd_index->indisvalid &&
            index->rd_rel->relam == BTREE_AM_OID && RelationGetIndexPredicate(index) == NIL) {
            found = RelationGetRelid(index);
        }
        index_close(index, AccessShareLock);
    }
    list_free(indexes);
    return found;
}

/// A scan of the rows of one value, as they are now: not under the transaction's snapshot, which
/// may be older than the table's last change.
struct Lookup {
    Relation relation;
    Snapshot snapshot;
    SysScanDesc scan;
};

Lookup begin_lookup(const char *name, AttrNumber column, RegProcedure equal, Datum value) {
    Lookup lookup;
    lookup.relation = table_open(ledger_table_oid(name), AccessShareLock);
    lookup.snapshot = RegisterSnapshot(GetLatestSnapshot());
    const Oid index = index_on(lookup.relation, column);
    ScanKeyData key;
    ScanKeyInit(&key, column, BTEqualStrategyNumber, equal, value);
    lookup.scan =
        systable_beginscan(lookup.relation, index, OidIsValid(index), lookup.snapshot, 1, &key);
    return lookup;
}

Datum column(const Lookup *lookup, HeapTuple row, int number) {
    bool is_null;
    const Datum value = heap_getattr(row, number, RelationGetDescr(lookup->relation), &is_null);
    if (is_null) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  psprintf("column %d of table \"%s\" of the audit ledger is null", number,
                           RelationGetRelationName(lookup->relation)));
    }
    return value;
}

void end_lookup(Lookup *lookup) {
    systable_endscan(lookup->scan);
    UnregisterSnapshot(lookup->snapshot);
    table_close(lookup->relation, AccessShareLock);
}

void read_options(CaptureOptions *options, Jsonb *json) {
    JsonbContainer *object = &json->root;
    options->skip_unchanged = json_bool(object, "skip_unchanged", false);
    options->full_row = json_bool(object, "full_row", false);
    options->with_query = json_bool(object, "statement_text", true);
    const char *require = json_text(object, "require_context", "");
    options->require_org = strcmp(require, "org") == 0 || strcmp(require, "both") == 0;
    options->require_user = strcmp(require, "user") == 0 || strcmp(require, "both") == 0;
    options->truncated = strcmp(json_text(object, "truncate", "rows"), "event") == 0
                             ? Truncated::event
                             : Truncated::rows;
    const int64 large = json_integer(object, "large_value", kLargeValue);
    options->large_value = static_cast<Size>(Min(Max(large, 0), kLargeValue));
}

/// A trigger of somebody's own table must not record for another one. OIDs change with a restore.
bool is_same_table(const Lookup *lookup, HeapTuple row, Oid root) {
    if (DatumGetObjectId(column(lookup, row, kRelation)) == root) {
        return true;
    }
    const char *schema = get_namespace_name(get_rel_namespace(root));
    const char *name = get_rel_name(root);
    return schema != nullptr && name != nullptr &&
           strcmp(NameStr(*DatumGetName(column(lookup, row, kSchema))), schema) == 0 &&
           strcmp(NameStr(*DatumGetName(column(lookup, row, kName))), name) == 0;
}

void read_audited(CaptureTable *table, const char *identity) {
    const Datum uuid = DirectFunctionCall1(uuid_in, CStringGetDatum(identity));
    Lookup lookup = begin_lookup("audited", kIdentity, F_UUID_EQ, uuid);
    HeapTuple row = systable_getnext(lookup.scan);
    if (!HeapTupleIsValid(row) || !is_same_table(&lookup, row, table->root)) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  psprintf("the audit ledger does not have table \"%s\" as %s",
                           get_rel_name(table->root), identity),
                  "its capture trigger names it so", "call custody.audit() for the table again");
    }
    table->tbl = DatumGetInt32(column(&lookup, row, kId));
    table->options.active = DatumGetBool(column(&lookup, row, kActive));
    read_options(&table->options, DatumGetJsonbP(column(&lookup, row, kOptions)));
    end_lookup(&lookup);
}

/// As format_type() writes it where only pg_catalog is searched: what descriptors have.
const char *type_name(Form_pg_attribute attribute) {
    const char *name = format_type_extended(attribute->atttypid, attribute->atttypmod,
                                            FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
    constexpr char kCatalog[] = "pg_catalog.";
    return strncmp(name, kCatalog, sizeof(kCatalog) - 1) == 0 ? name + sizeof(kCatalog) - 1 : name;
}

Form_pg_attribute find_attribute(TupleDesc row_type, const char *name) {
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) {
            return attribute;
        }
    }
    return nullptr;
}

Store store_of(const char *name) {
    return strcmp(name, "hash") == 0     ? Store::hash
           : strcmp(name, "redact") == 0 ? Store::redact
                                         : Store::value;
}

bool read_column(CaptureTable *table, CaptureColumn *result, TupleDesc row_type,
                 JsonbContainer *description) {
    result->name = json_text(description, "name", "");
    result->type = json_text(description, "type", "");
    result->store = store_of(json_text(description, "store", "value"));
    Form_pg_attribute attribute = find_attribute(row_type, result->name);
    if (attribute == nullptr || strcmp(type_name(attribute), result->type) != 0) {
        return false;
    }
    result->attribute = attribute->attnum;
    result->by_value = attribute->attbyval;
    result->length = attribute->attlen;
    digest::plan_value(&result->plan, attribute->atttypid,
                       table->text_form ? wire::Form::text : wire::Form::binary);
    table->holds_row_types |= digest::holds_row_type(&result->plan);
    return true;
}

bool read_columns(CaptureTable *table, TupleDesc row_type, JsonbContainer *columns) {
    const int count = columns == nullptr ? 0 : static_cast<int>(JsonContainerSize(columns));
    table->columns = static_cast<CaptureColumn *>(palloc0(sizeof(CaptureColumn) * Max(count, 1)));
    table->column_count = count;
    for (int i = 0; i < count; ++i) {
        const JsonbValue *description =
            getIthJsonbValueFromContainer(columns, static_cast<uint32>(i));
        if (description->type != jbvBinary ||
            !read_column(table, &table->columns[i], row_type, description->val.binary.data)) {
            return false;
        }
    }
    return true;
}

/// True where the relation has no column that is neither recorded nor left out on purpose.
bool has_all_columns(const CaptureTable *table, TupleDesc row_type, JsonbContainer *excluded) {
    int known = table->column_count;
    int stored = 0;
    const int names = excluded == nullptr ? 0 : static_cast<int>(JsonContainerSize(excluded));
    for (int i = 0; i < names; ++i) {
        const JsonbValue *name = getIthJsonbValueFromContainer(excluded, static_cast<uint32>(i));
        if (name->type == jbvString) {
            const char *text =
                pnstrdup(name->val.string.val, static_cast<Size>(name->val.string.len));
            Form_pg_attribute attribute = find_attribute(row_type, text);
            known += attribute != nullptr && attribute->attgenerated != 'v';
        }
    }
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        stored += !attribute->attisdropped && attribute->attgenerated != 'v';
    }
    return known == stored;
}

bool read_key(CaptureTable *table, JsonbContainer *key) {
    table->key_count = key == nullptr ? 0 : static_cast<int>(JsonContainerSize(key));
    table->key = static_cast<int *>(palloc(sizeof(int) * Max(table->key_count, 1)));
    for (int i = 0; i < table->key_count; ++i) {
        const JsonbValue *position = getIthJsonbValueFromContainer(key, static_cast<uint32>(i));
        table->key[i] = position->type != jbvNumeric
                            ? -1
                            : DatumGetInt32(DirectFunctionCall1(
                                  numeric_int4, NumericGetDatum(position->val.numeric)));
        if (table->key[i] < 0 || table->key[i] >= table->column_count) {
            return false;
        }
    }
    return true;
}

/// Of some types the output function does as the session says: dates, floats, bytes.
bool is_written_by_settings(Oid type) {
    char category;
    bool preferred;
    get_type_category_preferred(type, &category, &preferred);
    return category != TYPCATEGORY_STRING && category != TYPCATEGORY_ENUM && type != NUMERICOID;
}

bool read_org(CaptureTable *table, TupleDesc row_type, int64 position) {
    table->org = position < 0 || position >= table->column_count ? -1 : static_cast<int>(position);
    table->org_form = OrgForm::none;
    if (table->org < 0) {
        return position < 0;
    }
    const Oid type =
        getBaseType(TupleDescAttr(row_type, table->columns[table->org].attribute - 1)->atttypid);
    switch (type) {
    case UUIDOID:
        table->org_form = OrgForm::uuid;
        break;
    case INT2OID:
        table->org_form = OrgForm::int2;
        break;
    case INT4OID:
        table->org_form = OrgForm::int4;
        break;
    case INT8OID:
        table->org_form = OrgForm::int8;
        break;
    default:
        table->org_form = OrgForm::text;
        table->pinned |= is_written_by_settings(type);
        digest::plan_value(&table->org_plan, type, wire::Form::text);
        break;
    }
    return true;
}

bool read_descriptor(CaptureTable *table, TupleDesc row_type) {
    const Descriptor newest = newest_descriptor(table->tbl);
    if (newest.text == Datum{0}) {
        return false;
    }
    table->descriptor = newest.id;
    table->descriptor_hash = newest.hash;
    Jsonb *json = DatumGetJsonbP(
        DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(newest.text))));
    JsonbContainer *object = &json->root;
    table->text_form = strcmp(json_text(object, "form", "binary"), "text") == 0;
    table->pinned = table->text_form;
    return read_columns(table, row_type, json_container(object, "columns")) &&
           has_all_columns(table, row_type, json_container(object, "excluded")) &&
           read_key(table, json_container(object, "key")) &&
           read_org(table, row_type, json_integer(object, "org", -1));
}

/// Found and called directly: whoever writes the table has no right to it, nor to the schema.
void renew_descriptor(int32 tbl) {
    const Oid argument = INT4OID;
    const Oid function =
        GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("renew_descriptor"),
                        PointerGetDatum(buildoidvector(&argument, 1)),
                        ObjectIdGetDatum(get_namespace_oid("custody", false)));
    (void)OidFunctionCall1(function, Int32GetDatum(tbl));
    CommandCounterIncrement();
}

} // namespace

Descriptor newest_descriptor(int32 tbl) {
    Descriptor newest = {};
    Lookup lookup = begin_lookup("descriptor", kTbl, F_INT4EQ, Int32GetDatum(tbl));
    HeapTuple row;
    while (HeapTupleIsValid(row = systable_getnext(lookup.scan))) {
        const int32 version = DatumGetInt32(column(&lookup, row, kVersion));
        if (newest.text != Datum{0} && version < newest.version) {
            continue;
        }
        bytea *hash = DatumGetByteaPP(column(&lookup, row, kHash));
        if (VARSIZE_ANY_EXHDR(hash) != newest.hash.size()) {
            pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                      "a descriptor of the audit ledger has no hash");
        }
        newest.id = DatumGetInt32(column(&lookup, row, kDescriptorId));
        newest.version = version;
        memcpy(newest.hash.data(), VARDATA_ANY(hash), newest.hash.size());
        newest.text = PointerGetDatum(DatumGetTextPCopy(column(&lookup, row, kText)));
    }
    end_lookup(&lookup);
    return newest;
}

bool read_capture_table(CaptureTable *table, Relation relation, const char *identity) {
    MemoryContext caller = MemoryContextSwitchTo(table->context);
    const int level = digest::pin_settings(); // quote_all_identifiers is in names of types
    table->holds_row_types = false;
    read_audited(table, identity);
    bool fits = !table->options.active || read_descriptor(table, RelationGetDescr(relation));
    if (!fits) {
        renew_descriptor(table->tbl);
        fits = read_descriptor(table, RelationGetDescr(relation));
    }
    digest::unpin_settings(level);
    MemoryContextSwitchTo(caller);
    return fits;
}

} // namespace custody::audit
