// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// custody.table_rows(): the rows of a table as they are stored. A query of the table itself would
// be planned, and planning runs what the owner put into its indexes, statistics and constraints,
// with the rights of who asks: of whom attests, or of custody where an event trigger looks at held
// rows.
#include "extension/digest/relation_scan.hpp"
#include "extension/digest/row_set.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// What a SELECT of whole rows asks for.
void check_may_read_rows(Relation table) {
    const Oid oid = RelationGetRelid(table);
    if (pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
        pg_attribute_aclcheck_all(oid, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK) {
        aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(table->rd_rel->relkind),
                       RelationGetRelationName(table));
    }
    // With row_security = off the server says so itself.
    if (check_enable_rls(oid, InvalidOid, false) == RLS_ENABLED) {
        digest::refuse_row_security(oid);
    }
}

void put_rows(const digest::RowSet *set, Relation member, Relation table) {
    TupleConversionMap *map =
        convert_tuples_by_name(RelationGetDescr(member), RelationGetDescr(table));
    TupleTableSlot *slot = table_slot_create(member, nullptr);
    TupleTableSlot *row =
        map == nullptr ? slot : MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
    TableScanDesc scan = table_beginscan(member, GetActiveSnapshot(), 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        if (map != nullptr) {
            (void)execute_attr_map_slot(map->attrMap, slot, row);
        }
        slot_getallattrs(row);
        digest::put_row(set, row->tts_values, row->tts_isnull);
    }
    table_endscan(scan);
    if (map != nullptr) {
        ExecDropSingleTupleTableSlot(row);
        free_conversion_map(map);
    }
    ExecDropSingleTupleTableSlot(slot);
}

void put_member(const digest::RowSet *set, Oid oid, Relation table) {
    Relation member = table_open(oid, NoLock);
    const char kind = member->rd_rel->relkind;
    if (kind == RELKIND_RELATION) {
        put_rows(set, member, table);
    } else if (kind != RELKIND_PARTITIONED_TABLE) {
        pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
                  psprintf("rows of \"%s\" are not stored here", RelationGetRelationName(member)));
    }
    table_close(member, NoLock);
}

Oid table_of(FunctionCallInfo fcinfo) {
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
    const Oid table = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
    const char kind = OidIsValid(table) ? get_rel_relkind(table) : '\0';
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) {
        pg::raise(ERRCODE_WRONG_OBJECT_TYPE, "argument is not of the row type of a table");
    }
    return table;
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_table_rows) {
    using namespace custody;
    Relation table = table_open(audit::table_of(fcinfo), AccessShareLock);
    audit::check_may_read_rows(table);
    const digest::RowSet set = digest::make_row_set(fcinfo);
    const bool has_partitions = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
    List *members = has_partitions
                        ? find_all_inheritors(RelationGetRelid(table), AccessShareLock, nullptr)
                        : list_make1_oid(RelationGetRelid(table));
    ListCell *cell;
    foreach (cell, members) {
        audit::put_member(&set, lfirst_oid(cell), table);
    }
    table_close(table, NoLock);
    return Datum{0};
}
