/* The token's diary: one line per frame, event and transaction. */
#ifndef VTOKEN_LOG_H
#define VTOKEN_LOG_H

/* Appends to @path from now on; -1 with errno set. */
int log_open(const char *path);
/* One line, without the newline, written at once; nothing before log_open(). */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
