/** The methods that an operation may have, as the contract writes them. Node's parser knows all of them. */
export const operationMethods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const

/** As a header lists them: `GET, HEAD`. */
export const toMethodList = (methods: readonly string[]): string =>
  methods.map((method) => method.toUpperCase()).join(', ')

/** All methods that an operation may have, as a header lists them. */
export const allMethods = toMethodList(operationMethods)
