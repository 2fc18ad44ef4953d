# The commands of package.json under names that fingers know.
.PHONY: run dev test migrate add-migration

run: node_modules
	npm start

# The service from this checkout, restarted at every change.
dev: node_modules
	npm run -s dev

test: node_modules
	npm test

migrate: node_modules
	npm run -s upfile -- migrate up

# make add-migration name=add_labels; in a terminal it asks for the name.
add-migration:
	@name='$(name)'; \
	if [ -z "$$name" ] && [ -t 0 ]; then printf 'Name of the migration, as add_labels: '; read -r name; fi; \
	echo "$$name" | grep -Eqx '[a-z][a-z0-9_]*' || { echo 'usage: make add-migration name=add_labels'; exit 2; }; \
	last=$$(ls migrations | sed -n 's/^\([0-9]\{4\}\)_.*\.ts$$/\1/p' | sort | tail -n 1); \
	file=migrations/$$(printf '%04d' $$(expr $${last:-0} + 1))_$$name.ts; \
	printf '%s\n' "import type { Kysely } from 'kysely'" '' \
	  'export async function up(_db: Kysely<unknown>): Promise<void> {}' '' \
	  'export async function down(_db: Kysely<unknown>): Promise<void> {}' > $$file; \
	echo $$file

node_modules: package.json package-lock.json
	npm ci
	@touch node_modules
