# The test-only module: the boundary's own sources and the experiments, as one shared object.
# Run by test/boundary/rules.t in a build folder, with VPATH = the checkout. Flags as in
# extension/pgxs.mk.

top := $(VPATH)
PG_CONFIG ?= pg_config
MODULE_big := custody_boundary_test
OBJS := $(patsubst $(top)/%.cpp,%.o,$(wildcard $(top)/extension/pg/*.cpp $(top)/test/boundary/*.cpp))

override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

override CPPFLAGS := -I$(top) -DCUSTODY_VERSION='"test"' \
	$(patsubst -I%,-isystem %,$(filter-out -I. -I$(srcdir),$(CPPFLAGS)))
override CXXFLAGS += -std=c++20 -Wall -Wextra -Wundef -Werror -Wno-register -fPIC -fvisibility=hidden \
	-ffile-prefix-map=$(top)/=
SHLIB_LINK += -lstdc++

$(OBJS): %.o: %.cpp $(top)/test/boundary/pgxs.mk
	@mkdir -p $(@D)
	$(CCACHE) $(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<
-include $(OBJS:.o=.d)
