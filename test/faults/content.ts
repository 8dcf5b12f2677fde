/** What every reply of the twins holds, in one piece or in two. */
export const CONTENT = '0123456789'
