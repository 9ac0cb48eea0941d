# Secateur's commands. `make demo` and `make test` are all that a new machine needs; `make help` lists the rest.

SWIFT ?= swift
PYTHON ?= python3
# Where the benchmark suites, their known verdicts and score.py lie.
SHARED ?= ../shared
SUITE ?= all
# Random tiny networks with known answers that the soundness gate tries.
RANDOM_QUERIES ?= 5000
# Seconds per benchmark instance, when the instance itself does not ask for less.
LIMIT ?= 60
# Random tiny networks that the soundness gate decides both by search and by enumeration.
QUERIES ?= 3000

# Imports that Package.swift does not declare are errors.
CHECKED := --explicit-target-dependency-import-check error
# The Swift runtime goes into the binary: it starts three times faster and runs where no Swift is installed.
RELEASE := -c release --static-swift-stdlib --product secateur $(CHECKED)
BINARY := .build/release/secateur

.PHONY: help needs build demo test format lint specs bench-suites bench-kernels bench-certificates bench-differences mutations compare-heuristics soundness-gate batch-trials batch-suites bench-radius clean

help:
	@echo 'make demo            build, then verify a few of Specs/'
	@echo 'make test            build and run the tests'
	@echo 'make build           the release build, $(BINARY)'
	@echo 'make format          rewrite the sources in the house style; make lint only checks'
	@echo 'make specs           write Specs/ again'
	@echo 'make bench-suites    SUITE=acasxu LIMIT=60: run benchmark suites of $(SHARED)/suites and score them'
	@echo 'make compare-heuristics  SUITE=oval21: the ways to choose a split, on the same instances'
	@echo 'make soundness-gate  no instance known to be violated may be proved, nor a random network misjudged'
	@echo 'make batch-trials    batches against kills, full disks, dead workers, 10,000 queries, a Slurm node'
	@echo 'make batch-suites    LIMIT=20: every suite of $(SHARED)/suites in one batch, scored suite by suite'
	@echo 'make bench-radius    certified and attacked radii of 20 MNIST images, and their cost'
	@echo 'make bench-certificates  time to prove, certificate size, time to check'
	@echo 'make mutations       10,000 broken proofs, none of which the checker may accept'
	@echo 'make bench-differences  the ways to bound what pruning changed, on random networks'
	@echo 'make bench-kernels   the kernels against the peak of this machine'

needs:
	@SWIFT='$(SWIFT)' .ci/needs

build: needs
	$(SWIFT) build $(RELEASE)

demo: build
	@BINARY=$(BINARY) Specs/demo

test: needs
	$(SWIFT) test --disable-xctest $(CHECKED)

format:
	$(SWIFT) format format --in-place --parallel --recursive Package.swift Sources Tests

lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

specs: build
	$(BINARY) specs Specs

bench-suites: build
	$(PYTHON) Benchmarks/suites.py --shared $(SHARED) --suite $(SUITE) --limit $(LIMIT) --binary $(BINARY)

# The ways to choose the neuron to split, each compared with the first.
HEURISTICS ?= filtered aligned gap babsr

compare-heuristics: build
	@for heuristic in $(HEURISTICS); do \
	    echo "--- $$heuristic"; \
	    $(PYTHON) Benchmarks/suites.py --shared $(SHARED) --suite $(SUITE) --limit $(LIMIT) --binary $(BINARY) \
	        --out build/bench/$$heuristic -- --branching $$heuristic | tail -n 3; \
	done
	@$(PYTHON) Benchmarks/compare.py $(foreach heuristic,$(HEURISTICS),build/bench/$(heuristic)/results.json)

soundness-gate: build
	$(SWIFT) build -c release --static-swift-stdlib --product soundness $(CHECKED)
	.build/release/soundness $(RANDOM_QUERIES)
	$(PYTHON) Benchmarks/soundness.py --shared $(SHARED) --suite $(SUITE) --binary $(BINARY)

batch-trials: build
	$(PYTHON) Benchmarks/batches.py --binary $(BINARY)

batch-suites: build
	@mkdir -p build/bench
	$(BINARY) batch $(SHARED)/suites --timeout $(LIMIT) --store build/bench/batch.sqlite --out build/bench/batch.csv
	@for suite in $(SHARED)/suites/*/; do \
	    printf '%-20s ' $$(basename $$suite); \
	    $(PYTHON) $(SHARED)/tools/score.py build/bench/batch.csv $$suite/expected.csv; \
	done; true

IMAGES ?= 0:20

bench-radius: build
	$(BINARY) radius $(SHARED)/suites/mnist_fc/onnx/mnist-net_256x2.onnx --data $(SHARED)/data/mnist \
	    --images $(IMAGES) --compare

bench-certificates: build
	$(PYTHON) Benchmarks/certificates.py --shared $(SHARED) --limit $(LIMIT) --binary $(BINARY) --exact

mutations: needs
	$(SWIFT) run -c release mutations --count 10000 --suites $(SHARED)/suites

# Seconds of branch and bound for each of forty networks.
SECONDS ?= 5
bench-differences: needs
	$(SWIFT) build -c release --product tightness $(CHECKED)
	.build/release/tightness --seconds $(SECONDS)

bench-kernels: needs
	$(SWIFT) run --package-path Benchmarks -c release kernels

clean:
	rm -rf .build build Benchmarks/.build
