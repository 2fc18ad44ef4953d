import express from 'express'
import pg from 'pg'
import { listen } from './listen.ts'

/** The least an Express route with one query can cost: no validation, no access control, no conditionals. */
const [connection = '{}'] = process.argv.slice(2)
const pool = new pg.Pool({ ...(JSON.parse(connection) as pg.PoolConfig), max: 10 })
const app = express()

app.get('/files/:id', async (req, res) => {
  const { rows } = await pool.query('select * from bench.files where id = $1', [req.params.id])
  res.json(rows[0])
})

listen(app)
