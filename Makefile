# custody: the one entry. PGXS builds the extension (extension/pgxs.mk, run as a sub-make, because
# PGXS takes the target name "check" for itself), CMake the loader and the unit tests.
#
#   make              the extension and the loader, under build/
#   make deps         install the Debian packages that are missing
#   make install      both; honours PG_CONFIG, DESTDIR and prefix
#   make installcheck pg_regress against a running server (PGHOST, PGPORT, PGUSER)
#   make check        every test, on throwaway clusters
#   make demo         a move from one throwaway cluster to another, with its proof (ROWS=1000000)
#   make bench        times against other tools
#   make format lint  clang-format (dry run), clang-tidy

PG_CONFIG ?= pg_config
prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
man = $(mandir)/man1/custody.1
completion = $(prefix)/share/bash-completion/completions/custody
CMAKE ?= cmake
ROWS ?= 1000000

# Recursive, because "make deps" may only just have installed them.
pg_major = $(shell $(PG_CONFIG) --version 2>/dev/null | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
extension_build = build/pg$(pg_major)
jobs = $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))
ccache = $(shell command -v ccache)
pgxs = $(MAKE) --no-print-directory -C $(extension_build) -f $(CURDIR)/extension/pgxs.mk \
	VPATH=$(CURDIR) PG_CONFIG='$(PG_CONFIG)' CCACHE='$(ccache)'
sources = $(wildcard common/*.[ch]pp extension/*.[ch]pp extension/*/*.[ch]pp loader/*.cpp \
	loader/*/*.[ch]pp test/*/*.[ch]pp)

all: extension loader

.PHONY: all extension loader unit missing deps install install-extension install-loader uninstall \
	installcheck check demo bench format lint clean

missing:
	@missing=$$(PG_CONFIG='$(PG_CONFIG)' .ci/deps --missing build); [ -z "$$missing" ] || \
		{ echo "missing: $$missing; \"make deps\" installs them" >&2; exit 1; }

deps:
	@PG_CONFIG='$(PG_CONFIG)' .ci/deps build run check

extension: missing
	@mkdir -p $(extension_build)
	@$(pgxs) $(jobs) all

build/Makefile: CMakeLists.txt custody.control | missing
	@$(CMAKE) -S . -B build $(if $(ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=$(ccache)) \
		--log-level=WARNING

loader: build/Makefile
	@$(MAKE) --no-print-directory -C build $(jobs) custody

unit: build/Makefile
	@$(MAKE) --no-print-directory -C build $(jobs) unit_tests

install: install-extension install-loader

install-extension: extension
	@$(pgxs) install

install-loader: loader
	install -D -m 755 build/custody '$(DESTDIR)$(bindir)/custody'
	build/custody --man | install -D -m 644 /dev/stdin '$(DESTDIR)$(man)'
	build/custody --completion=bash | install -D -m 644 /dev/stdin '$(DESTDIR)$(completion)'

uninstall:
	@$(pgxs) uninstall
	rm -f '$(DESTDIR)$(bindir)/custody' '$(DESTDIR)$(man)' '$(DESTDIR)$(completion)'

installcheck: extension
	@$(pgxs) installcheck

check: deps
	@PG_CONFIG='$(PG_CONFIG)' test/run

demo:
	@PG_CONFIG='$(PG_CONFIG)' .ci/deps build run
	@PG_CONFIG='$(PG_CONFIG)' ROWS='$(ROWS)' demo/run

bench:
	@PG_CONFIG='$(PG_CONFIG)' test/bench/run
	@PG_CONFIG='$(PG_CONFIG)' test/bench/digests
	@PG_CONFIG='$(PG_CONFIG)' test/bench/drill_down
	@PG_CONFIG='$(PG_CONFIG)' test/bench/isolation
	@PG_CONFIG='$(PG_CONFIG)' test/bench/audit

format:
	@clang-format --dry-run -Werror $(sources)

lint: build/Makefile
	@printf '%s\n' $(filter %.cpp,$(filter common/% loader/%,$(sources))) | \
		xargs -P $(shell nproc) -n 4 clang-tidy --quiet -p build

clean:
	rm -rf build
