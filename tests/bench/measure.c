/*
 * measure -t ROUNDS [-p PREPARE] [-i FILE] CMD...   least wall time of CMD in ROUNDS runs, in milliseconds, with its processor time
 * measure -m CMD...                                 most memory that CMD itself had, in MiB (its children not counted)
 *
 * The least of many runs is what the program needs; all above it is what else the machine did. PREPARE is run by sh
 * before each run and is not measured. CMD reads FILE, or nothing. Its output goes to /tmp/output; a CMD that fails ends
 * this with its code.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* What CMD reads. */
static const char *input = "/dev/null";

static void child(char **command, int traced) {
    int in = open(input, O_RDONLY), out = open("/tmp/output", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    if (traced) ptrace(PTRACE_TRACEME, 0, 0, 0);
    execvp(command[0], command);
    _exit(127);
}

static void check(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    fprintf(stderr, "measure: the command ended with %d; see /tmp/output\n", WEXITSTATUS(status));
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static double milliseconds(struct timeval t) { return t.tv_sec * 1e3 + t.tv_usec / 1e3; }

static void times(int rounds, const char *prepare, char **command) {
    double best = 1e18, busy = 1e18;
    for (int i = 0; i < rounds; i++) {
        if (prepare && system(prepare) != 0) {
            fprintf(stderr, "measure: `%s` failed\n", prepare);
            exit(1);
        }
        struct rusage used;
        int status;
        double start = now();
        pid_t pid = fork();
        if (pid == 0) child(command, 0);
        while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {}
        double took = now() - start, spent = milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
        check(status);
        if (took < best) best = took;
        if (spent < busy) busy = spent;
    }
    printf("%.3f %.3f\n", best, busy);
}

/* The high-water mark is read while the process is held at its exit, when its memory is still there. */
static long high_water(pid_t pid) {
    char name[64], line[256];
    long kib = 0;
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %ld", &kib);
    if (file) fclose(file);
    return kib;
}

static void memory(char **command) {
    int status;
    long kib = 0;
    pid_t pid = fork();
    if (pid == 0) child(command, 1);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, pid, 0, 0);
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        int event = status >> 16, signal = event ? 0 : WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXIT) kib = high_water(pid);
        ptrace(PTRACE_CONT, pid, 0, signal);
    }
    check(status);
    printf("%.1f\n", kib / 1024.0);
}

int main(int argc, char **argv) {
    int rounds = 0;
    const char *prepare = NULL;
    int option, wants_memory = 0;
    while ((option = getopt(argc, argv, "+t:p:i:m")) != -1) {
        switch (option) {
            case 't': rounds = atoi(optarg); break;
            case 'p': prepare = optarg; break;
            case 'i': input = optarg; break;
            case 'm': wants_memory = 1; break;
            default: return 2;
        }
    }
    if (optind == argc || (rounds < 1 && !wants_memory)) return 2;
    if (wants_memory)
        memory(argv + optind);
    else
        times(rounds, prepare, argv + optind);
    return 0;
}
