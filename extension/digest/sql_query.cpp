// Plain SQL for a server without the extension, from this server's catalog.
#include "common/sql_profile.hpp"

#include "extension/pg/values.hpp"

#include "extension/digest/arguments.hpp"
#include "extension/digest/row_encoder.hpp"

namespace custody::digest {

namespace {

/// What the catalog says, in UTF-8 and in palloc'd memory.
struct CatalogColumn {
    const char *name;
    const char *send; // nullptr in the text form
    wire::Kind kind;
};

struct CatalogTable {
    const char *relation;
    wire::Form form;
    int column_count;
    CatalogColumn *columns;
};

const char *in_utf8(const char *text) {
    return pg_server_to_any(text, static_cast<int>(strlen(text)), PG_UTF8);
}

/// As FROM takes it; the tables that inherit from a table are tables of their own.
const char *reference_to(Relation relation) {
    const char kind = relation->rd_rel->relkind;
    if (kind != RELKIND_RELATION && kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE &&
        kind != RELKIND_PARTITIONED_TABLE) {
        pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it is no table");
    }
    const char *name = quote_qualified_identifier(
        get_namespace_name(RelationGetNamespace(relation)), RelationGetRelationName(relation));
    return kind == RELKIND_PARTITIONED_TABLE ? name : psprintf("ONLY %s", name);
}

CatalogColumn read_column(const char *name, Oid type, wire::Form form) {
    CatalogColumn column = {in_utf8(name), nullptr, wire::Kind::raw};
    if (form == wire::Form::binary) {
        Oid send;
        bool is_varlena;
        getTypeBinaryOutputInfo(getBaseType(type), &send, &is_varlena);
        column.send = in_utf8(quote_qualified_identifier(
            get_namespace_name(get_func_namespace(send)), get_func_name(send)));
        column.kind = send == F_FLOAT4SEND   ? wire::Kind::float4
                      : send == F_FLOAT8SEND ? wire::Kind::float8
                                             : wire::Kind::raw;
    }
    return column;
}

CatalogTable read_table(Oid oid, NullableDatum columns) {
    Relation relation = relation_open(oid, AccessShareLock);
    const RowType row_type = row_type_of(relation);
    CatalogTable table = {};
    table.relation = in_utf8(reference_to(relation));
    RowShape shape = {};
    shape.profile = Profile::sql;
    shape.columns = columns.isnull ? canonical_columns(row_type.columns, &shape.column_count)
                                   : names_of(columns.value, "columns", &shape.column_count);
    shape.form = form_of_columns(row_type, shape.profile, shape.columns, shape.column_count);
    RowEncoder encoder; // which refuses wrong columns
    init_encoder(&encoder, row_type, &shape);
    table.form = shape.form;
    table.column_count = shape.column_count;
    table.columns =
        static_cast<CatalogColumn *>(palloc(sizeof(CatalogColumn) * Max(shape.column_count, 1)));
    for (int i = 0; i < shape.column_count; ++i) {
        const Oid type = TupleDescAttr(row_type.columns, encoder.attributes[i] - 1)->atttypid;
        table.columns[i] = read_column(shape.columns[i], type, shape.form);
    }
    relation_close(relation, NoLock);
    return table;
}

const char *text_in_utf8(Datum value) { return in_utf8(TextDatumGetCString(value)); }

Datum text_from_utf8(const char *utf8, int length) {
    return CStringGetTextDatum(pg_any_to_server(utf8, length, PG_UTF8));
}

} // namespace

CUSTODY_FUNCTION(custody_sql_digest_query) {
    if (PG_ARGISNULL(0)) {
        PG_RETURN_NULL();
    }
    const CatalogTable table = pg::call<read_table>(PG_GETARG_OID(0), fcinfo->args[1]);
    SqlQuery query;
    query.relation = table.relation;
    query.form = table.form;
    for (const CatalogColumn &column : std::span(table.columns, table.column_count)) {
        query.columns.push_back(
            {column.name, {}, column.send == nullptr ? "" : column.send, column.kind});
    }
    if (!PG_ARGISNULL(2)) {
        query.condition = pg::call<text_in_utf8>(PG_GETARG_DATUM(2));
    }
    const std::string text = digest_query(query);
    PG_RETURN_DATUM(pg::call<text_from_utf8>(text.c_str(), static_cast<int>(text.size())));
}

} // namespace custody::digest
