/* SPDX-License-Identifier: MIT */

/*
 * The only program of a machine of the lab. As its init it runs the scenario that the kernel's
 * command line names, and says "lab: passed" at the end; anywhere else it lists the scenarios.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

extern const struct scenario *const __start_scenarios[], *const __stop_scenarios[];

void note(const char *format, ...)
{
	va_list list;

	printf("lab: note: ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
}

void expect_panic(const char *reason, bool boots_again)
{
	printf("lab: panic expected: %s\n", reason);
	if (boots_again)
		printf("lab: boot expected\n");
}

void in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int64_t number_in(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	EXPECT(n > 0);
	return strtoll(text, NULL, 10);
}

void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	EXPECT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	EXPECT(fd >= 0 && lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

pid_t next_killed(int log)
{
	char text[1024], *at;
	ssize_t n;

	while ((n = read(log, text, sizeof(text) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		text[n > 0 ? n : 0] = '\0';
		at = strstr(text, "Killed process ");
		if (at)
			return atoi(at + strlen("Killed process "));
	}
	return 0;
}

uint32_t random_below(uint32_t below)
{
	static uint32_t state = 2463534242;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define CGROUPS "/sys/fs/cgroup"

void make_cgroup(const char *cgroup, size_t limit)
{
	char path[128], text[32];

	put_text(CGROUPS "/cgroup.subtree_control", "+memory");
	snprintf(path, sizeof(path), CGROUPS "%s", cgroup);
	EXPECT(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), CGROUPS "%s/memory.max", cgroup);
	snprintf(text, sizeof(text), "%zu", limit);
	put_text(path, text);
}

void enter_cgroup(const char *cgroup)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUPS "%s/cgroup.procs", cgroup);
	put_text(path, "0");
}

/* What mkswap(8) writes: the version, the last page, and a name at the first page's end. */
void swap_on(const char *disk)
{
	size_t page = page_size();
	char *first = calloc(1, page);
	int fd = open(disk, O_RDWR | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	uint32_t info[] = { 1, (uint32_t)((size_t)size / page - 1) };

	EXPECT(first && fd >= 0 && size > 0);
	memcpy(first + 1024, info, sizeof(info));
	memcpy(first + page - 10, "SWAPSPACE2", 10);
	EXPECT(pwrite(fd, first, page, 0) == (ssize_t)page);
	close(fd);
	free(first);
	EXPECT(swapon(disk, 0) == 0);
}

static void limit_capabilities(const uint32_t lost[2])
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];

	EXPECT(syscall(SYS_capget, &header, sets) == 0);
	for (int i = 0; i < 2; i++) {
		sets[i].effective &= ~lost[i];
		sets[i].permitted &= ~lost[i];
	}
	EXPECT(syscall(SYS_capset, &header, sets) == 0);
}

void drop_capability(int capability)
{
	uint32_t lost[2] = { 0 };

	lost[capability / 32] = UINT32_C(1) << capability % 32;
	limit_capabilities(lost);
}

void drop_all_capabilities(void)
{
	limit_capabilities((const uint32_t[]){ UINT32_MAX, UINT32_MAX });
}

void become_user(uid_t uid)
{
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(uid, uid, uid) == 0);
	EXPECT(setresuid(uid, uid, uid) == 0);
}

void become_root_of_a_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", (int)geteuid());
	EXPECT(unshare(CLONE_NEWUSER) == 0);
	put_text("/proc/self/uid_map", map);
	EXPECT(geteuid() == 0);
}

void go_first(void)
{
	struct sched_param first = { .sched_priority = 1 };

	EXPECT(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0);
}

static int list_scenarios(void)
{
	for (const struct scenario *const *s = __start_scenarios; s < __stop_scenarios;
	     s++)
		printf("{\"name\": \"%s\", \"memory_mb\": %u, \"cpus\": %u, "
		       "\"disks\": \"%s\", \"options\": \"%s\", \"only_amd64\": %s}\n",
		       (*s)->name, (*s)->memory_mb ? (*s)->memory_mb : 256,
		       (*s)->cpus ? (*s)->cpus : 1, (*s)->disks ? (*s)->disks : "",
		       (*s)->options ? (*s)->options : "",
		       (*s)->only_amd64 ? "true" : "false");
	return 0;
}

static void load_modules(void)
{
	char path[32];

	for (int i = 0;; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		EXPECT(syscall(SYS_finit_module, fd, "", 0) == 0);
		close(fd);
	}
}

static void mount_all(void)
{
	static const struct {
		const char *type, *path;
	} mounts[] = {
		{ "proc", "/proc" },    { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
		{ "cgroup2", CGROUPS }, { "tmpfs", "/tmp" },
	};

	for (size_t i = 0; i < LENGTH(mounts); i++) {
		mkdir(mounts[i].path, 0755);
		EXPECT(mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL) ==
			   0 ||
		       errno == EBUSY);
	}
}

static void run_scenario(const char *name)
{
	for (const struct scenario *const *s = __start_scenarios; s < __stop_scenarios;
	     s++)
		if (strcmp((*s)->name, name) == 0) {
			(*s)->run();
			printf("lab: passed\n");
			return;
		}
	printf("lab: no scenario of this name: %s\n", name);
}

/* QEMU's isa-debug-exit, where there is one, gives 2 n + 1 as its status: 33. */
static void power_off(void)
{
	tcdrain(STDOUT_FILENO);
#ifdef __x86_64__
	if (ioperm(0xf4, 4, 1) == 0)
		__asm__ volatile("outl %0, %1" : : "a"(16), "Nd"((uint16_t)0xf4));
#endif
	reboot(RB_POWER_OFF);
}

/* Another program, that forks at once: both say what they have, and wait to be ended. */
static int be_family(void)
{
	pid_t child = fork();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	EXPECT(child >= 0);
	dprintf(STDOUT_FILENO, "has: %" PRId64 "\n",
		number_in("/proc/self/oom_score_adj"));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (getpid() != 1)
		return argc > 1 && strcmp(argv[1], "family") == 0 ? be_family()
								  : list_scenarios();

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("lab: booted\n");
	mount_all();
	load_modules();
	run_scenario(getenv("lab"));
	power_off();
	return 1;
}
