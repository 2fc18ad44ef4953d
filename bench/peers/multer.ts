import express from 'express'
import multer from 'multer'
import { listen } from './listen.ts'

/** Stock multer: bytes to a folder, no hash, no fsync, no record. */
const [folder = '.'] = process.argv.slice(2)
const upload = multer({ storage: multer.diskStorage({ destination: folder }) })
const app = express()

app.post('/service/fileupload', upload.single('upfile'), (req, res) => {
  res.status(201).json({ file_name: req.file?.originalname, file_size: req.file?.size })
})

listen(app)
