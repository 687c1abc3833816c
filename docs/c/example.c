/* Says what it reads to a target of a peer, and writes what comes back.
 *
 *   cc -o example example.c
 *   ./example ./alice.sock bob 7777 < question
 */
#include "natt.h"

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s CONTROL PEER TARGET\n", argv[0]);
        return 2;
    }
    int fd = natt_open(argv[1], argv[2], argv[3]);
    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], natt_error());
        return 1;
    }
    char buffer[4096];
    ssize_t n;
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
        if (natt_say(fd, buffer, (size_t)n) != 0) {
            break;
        }
    }
    shutdown(fd, SHUT_WR);
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        fwrite(buffer, 1, (size_t)n, stdout);
    }
    close(fd);
    return n < 0;
}
