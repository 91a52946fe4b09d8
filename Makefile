# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test slow lint types check docs pictures clean

$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "stvsr needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable '.[evaluate]'
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) --editable '.[dev]'
	touch $@

$(VENV)/.docs: $(VENV)/.core
	$(PIP) --editable '.[docs]'
	touch $@

demo: $(VENV)/.core ## upscale a clip with the shipped weights and print its quality
	$(BIN)/stvsr demo

test: $(VENV)/.dev ## run the tests (minutes)
	$(BIN)/python -m pytest

slow: $(VENV)/.dev ## run the slow tests as well
	$(BIN)/python -m pytest -m 'slow or not slow'

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test

docs: $(VENV)/.docs ## build the documents as a site, with the API from its docstrings
	PATH="$(BIN):$$PATH" NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: $(VENV)/.dev ## draw docs/pictures again, from results/ and the demo
	$(BIN)/stvsr demo --out demo
	$(BIN)/stvsr compare demo/small.mkv demo/trilinear.mkv demo/restored.mkv --truth demo/original.mkv \
	  --name 'small file' --name trilinear --name staa-2t4s-compact docs/pictures/compare.png
	$(BIN)/stvsr compare demo/degraded.mkv demo/degraded-trilinear.mkv demo/upscaled.mkv --truth demo/original.mkv \
	  --name 'degraded file' --name trilinear --name davsr-compact docs/pictures/upscale.png
	$(BIN)/stvsr degrade demo/original.mkv demo/blurred.mkv --time 5 --space 1 --exposure 1
	$(BIN)/stvsr deblur demo/blurred.mkv demo/deblurred.mkv --encoder lossless-rgb
	$(BIN)/stvsr deblur demo/blurred.mkv demo/deblurred-davsr.mkv --encoder lossless-rgb --model davsr-compact
	$(BIN)/stvsr compare demo/blurred.mkv demo/deblurred-davsr.mkv demo/deblurred.mkv --truth demo/original.mkv \
	  --name 'blurred file' --name davsr-compact --name staa-5t1s-blurred-compact --frame 20 docs/pictures/deblur.png
	$(BIN)/stvsr plot filters staa-2t4s-compact docs/pictures/filters.png
	$(BIN)/stvsr plot cost results/vid4/2t4s.json results/vid4/2t1s.json docs/pictures/cost.svg
	$(BIN)/stvsr plot kept results/studies/staa-kept.json docs/pictures/kept.svg
	$(BIN)/stvsr plot frames results/vid4/2t4s.json docs/pictures/frames.svg
	$(BIN)/stvsr plot iterations results/studies/davsr-iterations-two.json docs/pictures/iterations.svg
	$(BIN)/stvsr plot rates results/rate-distortion/*.json docs/pictures/storage.svg
	$(BIN)/stvsr plot motion results/studies/motion-edge.json docs/pictures/motion.svg
	$(BIN)/stvsr plot training results/training/staa-2t4s-compact.csv docs/pictures/training.svg

clean:
	rm -rf $(VENV) demo site build dist .mypy_cache .ruff_cache .pytest_cache
