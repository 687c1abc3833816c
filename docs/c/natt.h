/* natt.h: connections to the targets of named peers, for C programs.
 *
 * A running `natt listen` or `natt forward` with `--control PATH` makes them;
 * this header asks it to. README.md beside it says what goes over the socket.
 * C99 and POSIX; nothing to link.
 */
#ifndef NATT_H
#define NATT_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The longest request and the longest first line of an answer, in bytes. */
#define NATT_LINE 2048

/* What natt_error() points to. One for each thread. */
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && !defined(__STDC_NO_THREADS__)
static _Thread_local char natt_why[NATT_LINE];
#else
static char natt_why[NATT_LINE];
#endif

/* Why the last call of this thread failed, in one line. */
static inline const char *natt_error(void) { return natt_why; }

static inline int natt_fail(int fd, const char *why) {
    size_t length = strlen(why);
    if (length >= sizeof natt_why) {
        length = sizeof natt_why - 1;
    }
    memcpy(natt_why, why, length);
    natt_why[length] = '\0';
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static inline int natt_connect(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        return natt_fail(-1, "the path of the control socket is too long");
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return natt_fail(-1, strerror(errno));
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return natt_fail(fd, strerror(errno));
    }
    return fd;
}

/* Sends a request. Without SIGPIPE, if natt has gone. */
static inline int natt_say(int fd, const char *request, size_t length) {
    while (length > 0) {
        ssize_t n = send(fd, request, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return -1;
        }
        request += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Reads the first line of the answer and not a byte more; 0 if it is "ok". */
static inline int natt_answer(int fd) {
    char line[NATT_LINE];
    size_t length = 0;
    while (length < sizeof line - 1) {
        ssize_t n = read(fd, line + length, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return natt_fail(fd, "natt has hung up");
        }
        if (line[length] == '\n') {
            break;
        }
        length++;
    }
    line[length] = '\0';
    if (strcmp(line, "ok") == 0) {
        return 0;
    }
    return natt_fail(fd, strncmp(line, "error ", 6) == 0 ? line + 6 : line);
}

/* Opens a connection to a target of a peer.
 *
 * control: the path given to --control.
 * peer:    a name at the broker, or a key of 43 characters.
 * target:  "PORT" of the peer's machine, "HOST:PORT", or "exec:COMMAND ARGS".
 *
 * Returns a connected socket: read() and write() it, shutdown(fd, SHUT_WR) to
 * end this direction while the other goes on, close() it. The target has been
 * connected when this returns, which takes at most 15 seconds. Returns -1 on
 * failure, and natt_error() says why.
 */
static inline int natt_open(const char *control, const char *peer, const char *target) {
    char request[NATT_LINE];
    int length = snprintf(request, sizeof request, "open %s %s\n", peer, target);
    if (length < 0 || (size_t)length >= sizeof request) {
        return natt_fail(-1, "the request is too long");
    }
    if (strchr(peer, ' ') || strchr(peer, '\n') || strchr(target, '\n')) {
        return natt_fail(-1, "a peer has no blanks, and neither it nor a target line feeds");
    }
    int fd = natt_connect(control);
    if (fd < 0) {
        return -1;
    }
    if (natt_say(fd, request, (size_t)length) != 0) {
        return natt_fail(fd, strerror(errno));
    }
    return natt_answer(fd) == 0 ? fd : -1;
}

/* Asks how the node is. Returns a socket from which a report for people can be
 * read to its end, or -1, and natt_error() says why. */
static inline int natt_status(const char *control) {
    int fd = natt_connect(control);
    if (fd < 0) {
        return -1;
    }
    if (natt_say(fd, "status\n", 7) != 0) {
        return natt_fail(fd, strerror(errno));
    }
    return natt_answer(fd) == 0 ? fd : -1;
}

#endif
