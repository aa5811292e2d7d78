# make -f test/fuzz/build.mk build/fuzz/NAME/NAME: a fuzz target of common/ with libFuzzer,
# AddressSanitizer and UndefinedBehaviorSanitizer. What the targets share is compiled once.
CXX = clang++
flags = -std=c++20 -g1 -I. -MMD -MP -fno-sanitize-recover=undefined
fuzzer = -fsanitize=fuzzer,address,undefined
fuzzed = -fsanitize=fuzzer-no-link,address,undefined
# bundle_fuzz changes bundles by what they are made of, and has no use for operands of comparisons,
# whose tracing takes a third of its time. What is new in its harness or in nlohmann's reader is no
# news of the verifier, and does not guide it.
traced = -O1
untraced = -O2 -fno-sanitize-coverage=trace-cmp \
	-fsanitize-coverage-ignorelist=test/fuzz/unguided
common = $(patsubst common/%.cpp,build/fuzz/objects/$1/%.o,$(wildcard common/*.cpp))

build/fuzz/bundle_fuzz/bundle_fuzz: test/fuzz/bundle_fuzz.cpp $(call common,untraced)
	@mkdir -p $(@D)
	$(CXX) $(flags) $(untraced) $(fuzzer) -MF $@.d -MT $@ $(filter %.cpp %.o,$^) -lcrypto -o $@

.SECONDARY:
.SECONDEXPANSION:
build/fuzz/%: test/fuzz/$$(notdir $$*).cpp $(call common,traced)
	@mkdir -p $(@D)
	$(CXX) $(flags) $(traced) $(fuzzer) -MF $@.d -MT $@ $(filter %.cpp %.o,$^) -lcrypto -o $@

build/fuzz/objects/traced/%.o: common/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(flags) $(traced) $(fuzzed) -c $< -o $@

build/fuzz/objects/untraced/%.o: common/%.cpp test/fuzz/unguided
	@mkdir -p $(@D)
	$(CXX) $(flags) $(untraced) $(fuzzed) -c $< -o $@

-include $(wildcard build/fuzz/*/*.d build/fuzz/objects/*/*.d)
