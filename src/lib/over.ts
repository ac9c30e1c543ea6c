/** The reason of an abort that only ends a wait. Without one, each makes an error and its stack: a twentieth of a busy gateway's work. */
export const OVER = "over";
