/** An answer that is JSON already. The validator judges what the text says. */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
