# The extension's part of the build: run by the root Makefile in build/pgNN with VPATH = the
# checkout, so that nothing is written into the source tree.

top := $(VPATH)
PG_CONFIG ?= pg_config
# In the order of installation; the build fails on a file that is not named here.
sql_order := schema digest_type digest_record digest digest_tables \
	tenant tenant_context tenant_break_glass tenant_keys tenant_token tenant_membership \
	tenant_classes tenant_classify tenant_subject tenant_policies tenant_privileges tenant_columns \
	tenant_indexes tenant_keys_composite tenant_keys_steps tenant_protect_notes tenant_protect \
	tenant_protect_run \
	tenant_backfill tenant_unprotect \
	tenant_proof_scope tenant_proof_detours tenant_proof_objects tenant_proof tenant_judge \
	tenant_guard_checks tenant_guard_views tenant_guard_roles tenant_guard \
	tenant_compat_definitions tenant_compat tenant_references \
	tenant_probe tenant_probe_rows tenant_probe_subjects tenant_probe_reads tenant_probe_writes \
	tenant_probe_keys tenant_probe_met tenant_orphans tenant_probe_objects tenant_probe_role \
	tenant_probe_run tenant_probe_clone \
	tenant_lint_rules tenant_lint \
	audit_guard audit_ledger audit_descriptor audit_capture audit_exempt audit_enable audit_unaudit \
	audit_key audit_hold audit_hold_place audit_ddl audit_ddl_types audit_removed audit_ddl_triggers audit_retention audit_erase \
	audit_request audit_seal audit_verify_form audit_verify audit_format audit_proof audit_proof_event \
	audit_verify_beside audit_verify_recorded audit_verify_holds \
	audit_image audit_fold audit_fold_table audit_reconcile audit_history audit_columns audit_as_of audit_revert \
	audit_coverage audit_attest \
	migration migration_rules audit_load audit_move migration_views migration_comments privileges
EXTENSION := custody
MODULE_big := custody
# The control file is the one home of the version.
version := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(top)/custody.control)

cpp := $(patsubst $(top)/%,%,$(wildcard $(top)/extension/*.cpp $(top)/extension/*/*.cpp \
	$(top)/common/*.cpp))
OBJS := $(cpp:.cpp=.o)
# One rule of custody.lint() is one file; the loader has the same (CMakeLists.txt).
lint_parts := $(sort $(wildcard $(top)/sql/lint/parts/*))
lint_rules := $(sort $(wildcard $(top)/sql/lint/L*.sql))
lint_maker := $(top)/sql/lint/generate.awk
sql := $(foreach stem,$(sql_order),$(if $(filter tenant_lint_rules,$(stem)),$(stem).sql,\
	$(wildcard $(top)/sql/$(stem).sql)))
sql_unnamed := $(filter-out $(sql) $(top)/sql/custody--%,$(wildcard $(top)/sql/*.sql))
install_script := custody--$(version).sql
DATA_built := $(install_script)
DATA := $(patsubst $(top)/%,%,$(wildcard $(top)/sql/custody--*--*.sql))
EXTRA_CLEAN := objects.list tenant_lint_rules.sql

REGRESS := $(sort $(notdir $(basename $(wildcard $(top)/test/sql/*.sql))))
REGRESS_OPTS := --inputdir=$(top)/test --outputdir=$(CURDIR) --load-extension=custody
ISOLATION := $(sort $(notdir $(basename $(wildcard $(top)/test/specs/*.spec))))
ISOLATION_OPTS := $(REGRESS_OPTS)

# No bitcode: inlining across the boundary gains nothing, and PGXS would compile it without our
# flags.
override with_llvm := no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The server's headers count as system headers: their warnings are not ours to fix.
override CPPFLAGS := -I$(top) -DCUSTODY_VERSION='"$(version)"' \
	$(patsubst -I%,-isystem %,$(filter-out -I. -I$(srcdir),$(CPPFLAGS)))
# COPT: what a user adds to the flags; PGXS gives it to C and to the linker only.
override CXXFLAGS += -std=c++20 -Wall -Wextra -Wundef -Werror -Wno-register -fPIC -fvisibility=hidden \
	-ffile-prefix-map=$(top)/= $(COPT)
SHLIB_LINK += -lstdc++ -lcrypto

$(OBJS): %.o: %.cpp $(top)/extension/pgxs.mk
	@mkdir -p $(@D)
	$(CCACHE) $(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<
-include $(OBJS:.o=.d)

tenant_lint_rules.sql: $(lint_maker) $(lint_parts) $(lint_rules) $(top)/sql/lint
	@awk -v form=sql -f $(lint_maker) $(lint_parts) $(lint_rules) > $@.tmp && mv $@.tmp $@

$(install_script): $(sql) $(sql_unnamed) $(top)/custody.control $(top)/extension/pgxs.mk
	@test -n "$(sql)" || { echo "no SQL under sql/" >&2; exit 1; }
	@test -z "$(sql_unnamed)" || \
		{ echo "not in sql_order of extension/pgxs.mk: $(sql_unnamed)" >&2; exit 1; }
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION custody" to load this file. \quit'; \
		cat $(sql); } > $@.tmp && mv $@.tmp $@

# A source file added or removed changes this list and links again.
$(shell echo '$(OBJS)' | cmp -s - objects.list || echo '$(OBJS)' > objects.list)
$(shlib): objects.list
