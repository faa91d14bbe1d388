// SPDX-License-Identifier: MIT
/*
 * latency CMD...: how long ops take in the kernel while CMD runs: a histogram for each
 * opcode, on stderr. Its exit status is CMD's.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "latency.h"
#include "latency.skel.h"

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static int run(char **argv)
{
	int status;
	pid_t pid;

	signal(SIGINT, SIG_IGN);
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		execvp(argv[0], argv);
		fprintf(stderr, "latency: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void bar(unsigned long long n, unsigned long long most)
{
	unsigned long long i;

	for (i = 0; i < (n * 40 + most - 1) / most; i++)
		fputc('#', stderr);
	fputc('\n', stderr);
}

static void show(unsigned int opcode, const unsigned long long *slots)
{
	unsigned long long all = 0, most = 0;
	unsigned int s;

	for (s = 0; s < LATENCY_SLOTS; s++) {
		all += slots[s];
		most = slots[s] > most ? slots[s] : most;
	}
	if (!all)
		return;
	fprintf(stderr, "opcode %u: %llu\n", opcode, all);
	for (s = 0; s < LATENCY_SLOTS; s++)
		if (slots[s]) {
			fprintf(stderr, "  %10llu ns %10llu ", 1ULL << s, slots[s]);
			bar(slots[s], most);
		}
}

static int report(const struct latency_bpf *skel)
{
	const int cpus = libbpf_num_possible_cpus(), map = bpf_map__fd(skel->maps.counts);
	unsigned long long slots[LATENCY_SLOTS], *each = cpus > 0 ? calloc((size_t)cpus, 8) : NULL;
	unsigned int op, s, key;
	int cpu, err = each ? 0 : -1;

	for (op = 0; op < LATENCY_OPS && !err; op++) {
		memset(slots, 0, sizeof(slots));
		for (s = 0; s < LATENCY_SLOTS && !err; s++) {
			key = op * LATENCY_SLOTS + s;
			err = bpf_map_lookup_elem(map, &key, each);
			for (cpu = 0; cpu < cpus && !err; cpu++)
				slots[s] += each[cpu];
		}
		if (!err)
			show(op, slots);
	}
	free(each);
	return err;
}

int main(int argc, char **argv)
{
	struct latency_bpf *skel;
	int status = 125;

	if (argc < 2) {
		fprintf(stderr, "usage: latency CMD [ARG...]\n");
		return 2;
	}
	libbpf_set_print(quiet);
	skel = latency_bpf__open_and_load();
	if (skel && !latency_bpf__attach(skel)) {
		status = run(argv + 1);
		if (report(skel))
			status = 125;
	} else {
		fprintf(stderr, "latency: the programs could not be loaded: are you root, is the module "
				"loaded, and was it built with BTF?\n");
	}
	latency_bpf__destroy(skel);
	return status;
}
