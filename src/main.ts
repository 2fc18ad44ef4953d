#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// A start finds what an earlier one has compiled. Where this directory cannot be written, each start compiles everything.
// This file itself and threads need NODE_COMPILE_CACHE, as `npm start` sets it: without, each loads what strips types.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/upfile'))
const { run } = await import('./cli/run.ts')
await run(process.argv.slice(2))
