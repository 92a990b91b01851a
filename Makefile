# make demo   set everything up, build, train and evaluate a small model on the embedded example
# make test   set everything up, build, run the fast tests
# make fuzz TARGET=jinja TIME=600   search for inputs that crash a reader (fuzz/)
# LLMBOX_TORCH=DIR uses a libtorch of your own; CUDA=1 installs what a GPU needs.
JOBS ?= 2
BUILD := build
export LLMBOX_TORCH CUDA

.PHONY: demo test test-slow build build-tests build-bench bench lint asan tsan fuzz clean setup

demo: build
	scripts/demo

test: build-tests
	scripts/run_tests $(BUILD) -L fast

test-slow: build-tests build-bench
	scripts/run_tests $(BUILD)

build: setup $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target llmbox

build-tests: setup $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)

bench: build-bench
	$(BUILD)/llmbox_bench

lint: setup
	scripts/lint

build-bench: setup $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target llmbox llmbox_bench

asan tsan: setup
	cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/leaks.txt:print_suppressions=0 scripts/run_tests build-$@ -L fast

fuzz:
	FUZZ=1 scripts/setup
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS) --target fuzz_$(TARGET)
	scripts/fuzz build-fuzz $(TARGET) $(or $(TIME),600)

setup:
	@scripts/setup

$(BUILD)/build.ninja: CMakeLists.txt requirements.txt
	cmake --preset release

clean:
	rm -rf build build-dev build-asan build-tsan build-fuzz
