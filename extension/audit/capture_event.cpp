// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/capture_event.hpp"

#include "extension/audit/capture_descriptor.hpp"
#include "extension/audit/event_context.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

void begin(Event *event, const CaptureTable *table, char op, Moment moment) {
    event->op = op;
    event->with_query = table->options.with_query;
    event->tbl = table->tbl;
    event->descriptor = table->descriptor;
    event->descriptor_hash = &table->descriptor_hash;
    event->cid = moment.cid;
    event->lsn = moment.lsn;
    event->pair = ledger::kNoPair;
    event->old_image = event->new_image = nullptr;
    draw_salts(event);
}

bool is_old(char op) { return op == 'D' || op == 'L' || op == 'M'; }

uint32 record(Event *event, RowBytes *bytes) {
    event->org = as_bytea(&bytes->org);
    event->key = as_bytea(&bytes->key);
    return record_event(event);
}

void update_in_place(const CaptureTable *table, Event *event, RowBytes *before, RowBytes *after,
                     RowValues old_row, RowValues new_row) {
    // Without a key a difference would not tell of which row it is.
    if (table->options.full_row || table->key_count == 0) {
        encode_full(before, table, old_row, event->images_salt);
        encode_full(after, table, new_row, event->images_salt);
    }
    encode_key(after, table, new_row);
    encode_org(after, table, new_row);
    event->old_image = as_bytea(&before->image);
    event->new_image = as_bytea(&after->image);
    (void)record(event, after);
}

} // namespace

Moment moment_now(Relation relation, uint32 cid) {
    // What writes no log of its own has the position of the log as a whole.
    const bool logged = RelationNeedsWAL(relation) && XactLastRecEnd != InvalidXLogRecPtr;
    return {cid, logged ? XactLastRecEnd : GetXLogInsertRecPtr()};
}

uint32 capture_whole(const CaptureTable *table, char op, RowValues row, Moment moment,
                     uint32 pair) {
    const int level = table->pinned ? digest::pin_settings() : 0;
    Event event;
    begin(&event, table, op, moment);
    event.pair = pair;
    RowBytes *bytes = new_bytes();
    encode_key(bytes, table, row);
    encode_org(bytes, table, row);
    encode_full(bytes, table, row, event.images_salt);
    (is_old(op) ? event.old_image : event.new_image) = as_bytea(&bytes->image);
    const uint32 seq = record(&event, bytes);
    release_row_bytes();
    digest::unpin_settings(level);
    return seq;
}

void capture_update(const CaptureTable *table, RowValues old_row, RowValues new_row,
                    Moment moment) {
    const int level = table->pinned ? digest::pin_settings() : 0;
    Event event;
    begin(&event, table, 'U', moment);
    RowBytes *before = old_bytes();
    RowBytes *after = new_bytes();
    const Changes changes =
        encode_changes(before, after, table, old_row, new_row, event.images_salt);
    if (changes.of_key) {
        const uint32 left = capture_whole(table, 'L', old_row, moment, ledger::kNoPair);
        (void)capture_whole(table, 'E', new_row, moment, left);
    } else if (changes.columns > 0 || !table->options.skip_unchanged) {
        update_in_place(table, &event, before, after, old_row, new_row);
    }
    release_row_bytes();
    digest::unpin_settings(level);
}

uint32 capture_note(int32 tbl, char op, const char *json, bool with_query) {
    const Descriptor descriptor = newest_descriptor(tbl);
    if (descriptor.text == Datum{0}) {
        pg::raise(ERRCODE_UNDEFINED_OBJECT,
                  psprintf("the audit ledger has no descriptor of table %d", tbl));
    }
    Event event;
    event.op = op;
    event.with_query = with_query;
    event.tbl = tbl;
    event.descriptor = descriptor.id;
    event.descriptor_hash = &descriptor.hash;
    event.cid = GetCurrentCommandId(true);
    event.lsn = GetXLogInsertRecPtr();
    event.pair = ledger::kNoPair;
    draw_salts(&event);
    RowBytes *bytes = new_bytes();
    encode_note(bytes, json);
    event.old_image = nullptr;
    event.new_image = as_bytea(&bytes->image);
    const uint32 seq = record(&event, bytes);
    release_row_bytes();
    return seq;
}

void check_required_context(const CaptureTable *table, Relation relation) {
    const bool no_org = table->options.require_org && !context_names_org();
    if (no_org || (table->options.require_user && !context_names_user())) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("table \"%s\" cannot be changed without a verified %s",
                           RelationGetRelationName(relation), no_org ? "organization" : "user"),
                  "its audit asks for it",
                  "enter a tenant context, for example with custody.enter()");
    }
}

const char *capture_identity(Relation relation) {
    const TriggerDesc *triggers = relation->trigdesc;
    List *name = list_make2(makeString(pstrdup("custody")), makeString(pstrdup("capture")));
    const Oid capture = LookupFuncName(name, 0, nullptr, true);
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i) {
        const Trigger *trigger = &triggers->triggers[i];
        if (trigger->tgfoid == capture && trigger->tgnargs == 1) {
            return pstrdup(trigger->tgargs[0]); // the relation's triggers may be read anew
        }
    }
    return nullptr;
}

} // namespace custody::audit
