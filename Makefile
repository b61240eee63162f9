# The two commands of the README are `make demo` and `make test`; both prepare what they need and are safe to repeat.
PY := .venv/bin/python

.PHONY: demo test check setup setup-test lock sbom parts browser day seeds dashboard clean

demo: setup
	.venv/bin/bidhall demo

test: setup setup-test check
	$(PY) -m pytest -q -p no:cacheprovider $(PYTEST_ARGS)

check: setup
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache | tail -n 8

setup:
	@sh scripts/setup.sh

setup-test:
	@sh scripts/setup_test.sh

dashboard: setup
	@sh scripts/build_dashboard.sh --force

# Kinds of tests alone: real parts (seconds each), chromium, a whole tender day, many days in virtual time.
parts browser day seeds: setup setup-test
	$(PY) -m pytest -q -m $@ $(PYTEST_ARGS)

lock:
	.venv/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--all-extras --group dev pyproject.toml -o requirements/dev.txt

# What the program is made of, as CycloneDX; no network.
sbom: setup
	@$(PY) scripts/sbom.py > bidhall.cdx.json && echo bidhall.cdx.json

clean:
	rm -rf .venv dashboard/node_modules dashboard/static
