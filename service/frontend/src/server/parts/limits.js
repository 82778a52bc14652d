// A limit of the host was reached: quickjs throws an InternalError, or null when no memory is left even for that. No
// code of ours may answer such an error: the host has to see it, and throws the context away.
export const isLimit = (error) => error === null || error instanceof InternalError;
