import express from 'express'
import { listen } from './listen.ts'

const [folder = '.'] = process.argv.slice(2)
const app = express()

app.use(express.static(folder))

listen(app)
