// A limit of the host was reached: quickjs throws an InternalError, a RangeError when the stack is full, or null when no
// memory is left even for that. No code of ours may answer such an error: the host has to see it, and throws the context away.
const isFull = (error) => error instanceof RangeError && error.message.includes('call stack');

export const isLimit = (error) => error === null || error instanceof InternalError || isFull(error);
