/* Preloaded into a process: counts its writes below one folder and, at a chosen one, kills the process group (after half of the
   bytes) or fails as a full or broken disk does. The control block is shared between processes through a mapped file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = 1, FULL = 2, BROKEN = 3 };

struct control {
    long count, at, how;
    char under[488];
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_CONTROL");
    int handle = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (handle < 0) return;
    void *block = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (block != MAP_FAILED) control = block;
    close(handle);
}

static int is_below(const char *path) { return control && control->under[0] && path && strncmp(path, control->under, strlen(control->under)) == 0; }

static int concerns(int fd) {
    char link[64], path[4096];
    if (!control || !control->under[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* 0: go on; else what happens here. A full disk stays full, a broken write happens once. */
static long due(void) {
    long number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    if (!control->at || number < control->at) return 0;
    return number == control->at || control->how == FULL ? control->how : 0;
}

static int fail(long how) {
    if (how == KILL) kill(0, SIGKILL);
    errno = how == FULL ? ENOSPC : EIO;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITES(name, parameters, whole, half)                                                                                      \
    ssize_t name parameters {                                                                                                      \
        long how = concerns(fd) ? due() : 0;                                                                                       \
        if (how == KILL) (void)!REAL(name) half;                                                                                   \
        return how ? fail(how) : REAL(name) whole;                                                                                 \
    }

WRITES(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITES(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), (fd, data, size / 2, at))
WRITES(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), (fd, data, size / 2, at))
WRITES(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count), (fd, parts, count / 2))

#define HANDLES(name, parameters, arguments)                                                                                       \
    int name parameters {                                                                                                          \
        long how = concerns(fd) ? due() : 0;                                                                                       \
        return how ? fail(how) : REAL(name) arguments;                                                                             \
    }

HANDLES(fsync, (int fd), (fd))
HANDLES(fdatasync, (int fd), (fd))
HANDLES(ftruncate, (int fd, off_t size), (fd, size))
HANDLES(ftruncate64, (int fd, off64_t size), (fd, size))

#define PATHS(name, parameters, path, arguments)                                                                                   \
    int name parameters {                                                                                                          \
        long how = is_below(path) ? due() : 0;                                                                                     \
        return how ? fail(how) : REAL(name) arguments;                                                                             \
    }

PATHS(rename, (const char *from, const char *to), from, (from, to))
PATHS(mkdir, (const char *path, mode_t mode), path, (path, mode))
PATHS(unlink, (const char *path), path, (path))
PATHS(rmdir, (const char *path), path, (path))
