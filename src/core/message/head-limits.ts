/** The most fields that a request may have. */
export const maxRequestFields = 100
