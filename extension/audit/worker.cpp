// Plain C-style: no local has a destructor.
// One process for each database of custody.seal_databases calls custody.seal() every
// custody.seal_interval. An error ends it, as the server has it; it comes back after a while.
#include "extension/audit/worker.hpp"

#include <dlfcn.h>

#include "extension/audit/ledger_partition.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int kRestartSeconds = 10;

char *databases = nullptr;
int interval = 10;

List *names_of(const char *setting) {
    List *names = NIL;
    if (!SplitIdentifierString(pstrdup(setting), ',', &names)) {
        ereport(FATAL, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("custody.seal_databases is not a list of names")));
    }
    return names;
}

/// The file that this is, wherever it was loaded from; a name where the path is too long for it.
void set_library(BackgroundWorker *worker) {
    Dl_info file;
    const char *path = "$libdir/custody";
    if (dladdr(reinterpret_cast<void *>(init_sealer), &file) != 0 &&
        strlen(file.dli_fname) < sizeof(worker->bgw_library_name)) {
        path = file.dli_fname;
    }
    snprintf(worker->bgw_library_name, sizeof(worker->bgw_library_name), "%s", path);
}

void register_worker(const char *database) {
    BackgroundWorker worker;
    memset(&worker, 0, sizeof(worker));
    snprintf(worker.bgw_name, BGW_MAXLEN, "custody sealer of %s", database);
    snprintf(worker.bgw_type, BGW_MAXLEN, "custody sealer");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = kRestartSeconds;
    set_library(&worker);
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "custody_seal_worker");
    snprintf(worker.bgw_extra, BGW_EXTRALEN, "%s", database);
    RegisterBackgroundWorker(&worker);
}

/// Where there is no extension or no ledger yet, there is nothing to do yet.
Oid seal_function() {
    if (!OidIsValid(get_extension_oid("custody", true)) || !OidIsValid(ledger_schema())) {
        return InvalidOid;
    }
    const Oid argument = BOOLOID;
    List *name = list_make2(makeString(pstrdup("custody")), makeString(pstrdup("seal")));
    return LookupFuncName(name, 1, &argument, true);
}

void seal_once() {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    XactIsoLevel = XACT_READ_COMMITTED; // whatever the defaults are
    XactReadOnly = false;
    pgstat_report_activity(STATE_RUNNING, "SELECT custody.seal()");
    PushActiveSnapshot(GetTransactionSnapshot());
    const Oid function = seal_function();
    if (OidIsValid(function)) {
        LOCAL_FCINFO(call, 1);
        FmgrInfo info;
        fmgr_info(function, &info);
        InitFunctionCallInfoData(*call, &info, 1, InvalidOid, nullptr, nullptr);
        call->args[0].value = BoolGetDatum(false);
        call->args[0].isnull = false;
        FunctionCallInvoke(call); // NULL: there was nothing to seal
    }
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_activity(STATE_IDLE, nullptr);
}

} // namespace

void init_sealer() {
    if (!process_shared_preload_libraries_in_progress) {
        return;
    }
    DefineCustomStringVariable(
        "custody.seal_databases", "databases whose audit ledger the server seals by itself",
        "Names, with commas between; a background worker for each.", &databases, "", PGC_POSTMASTER,
        GUC_LIST_INPUT, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("custody.seal_interval", "time between two seals of a database",
                            nullptr, &interval, 10, 1, 86400, PGC_SIGHUP, GUC_UNIT_S, nullptr,
                            nullptr, nullptr);
    ListCell *cell;
    foreach (cell, names_of(databases)) {
        register_worker(static_cast<const char *>(lfirst(cell)));
    }
}

CUSTODY_WORKER(custody_seal_worker) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, nullptr, 0);
    while (true) {
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
        seal_once();
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000L * interval,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
}

} // namespace custody::audit
