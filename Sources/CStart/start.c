// Where the address space of the process is limited (ulimit -v, batch systems), OpenBLAS must not start threads.
//
// When it is loaded, OpenBLAS starts a thread for each core but one, and each of them asks for a buffer of 128 MiB. It
// does so again and again as long as there is none (OpenBLAS 0.3.21, driver/others/memory.c): the process spins, and
// cannot even leave, since its end waits for those threads. They are never used here: each lane computes its own products.
// OPENBLAS_NUM_THREADS=1 forbids them, but must be in the environment before the library is set up, that is before main.
// So the program is started once more, with the variable, by the first function that runs in a process at all. The
// process number, arguments, files and the rest of the environment stay; without a limit nothing happens here.
//
// MALLOC_ARENA_MAX=1 keeps glibc from reserving 64 MiB for each thread that allocates.

#if defined(__linux__)

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char threads[] = "OPENBLAS_NUM_THREADS=1";
static const char arenas[] = "MALLOC_ARENA_MAX=1";

// Whether `entry` sets the variable that `assignment` sets.
static int sets_same(const char *entry, const char *assignment) {
  size_t name = (size_t)(strchr(assignment, '=') - assignment) + 1;
  return strncmp(entry, assignment, name) == 0;
}

static void start_again(int argc, char **argv, char **environment) {
  (void)argc;
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  size_t count = 0;
  int has_arenas = 0;
  for (; environment[count] != NULL; count++) {
    if (strcmp(environment[count], threads) == 0) return;
    if (sets_same(environment[count], arenas)) has_arenas = 1;
  }
  // By its own name, so that the process keeps it.
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  char *next[count + 3];
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    if (!sets_same(environment[i], threads)) next[used++] = environment[i];
  }
  next[used++] = (char *)threads;
  if (!has_arenas) next[used++] = (char *)arenas;
  next[used] = NULL;
  // Returns only if it fails; the program then goes on as it is.
  execve(path, argv, next);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **, char **) = start_again;

#endif
