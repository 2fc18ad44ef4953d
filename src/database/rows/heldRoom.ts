/** CTE `held`: what the reservations of the CTE `ended` hold of each allowance. */
export const heldRoom = `
  held as (
    select a as id, sum(bytes) as bytes, sum(files) as files from ended, unnest(allowances) a group by a
  )`

/** CTEs that give back the room of the CTE `ended`, a deletion that returns allowances, bytes and files of reservations. */
export const giveBack = `${heldRoom}, allowance as (
    select a.id, h.bytes, h.files from allowances a join held h on h.id = a.id order by a.id for update of a
  ), given_back as (
    update allowances a set reserved_bytes = reserved_bytes - l.bytes, reserved_files = reserved_files - l.files
    from allowance l where a.id = l.id
  )`
