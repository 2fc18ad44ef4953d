/** Whether a text can be the owner of files: 1 to 255 characters, none of them a control or half of a surrogate pair. */
export const isOwner = (text: unknown): text is string =>
  typeof text === 'string' && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(text)
