/* SPDX-License-Identifier: MIT */
#include <oomctl/adjust.h>
#include <oomctl/probe.h>

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <oomctl/base.h>
#include <oomctl/proc.h>

#include "child.h"

/* What each field says, looked up apart from the library. */

static bool has(const struct oomctl_probe *p, enum oomctl_probe_flag flag)
{
	return p->flags & flag;
}

/* A line of a file, behind its name. */
static bool line_of(const char *path, const char *name, char *out, size_t size)
{
	char line[4096];
	bool is_found = false;
	FILE *f = fopen(path, "re");

	while (f && !is_found && fgets(line, sizeof(line), f))
		is_found = strncmp(line, name, strlen(name)) == 0;
	if (f)
		fclose(f);
	snprintf(out, size, "%s", is_found ? line + strlen(name) : "");
	return is_found;
}

static uint64_t effective_capabilities(void)
{
	char text[64];
	uint64_t v = 0;

	EXPECT(line_of("/proc/self/status", "CapEff:", text, sizeof(text)));
	EXPECT(sscanf(text, "%" SCNx64, &v) == 1);
	return v;
}

static bool is_initial(void)
{
	char text[64];

	return line_of("/proc/self/uid_map", "", text, sizeof(text)) &&
	       strstr(text, "4294967295");
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	close(fd);
	return fd >= 0;
}

static void expect_the_kernel(const struct oomctl_probe *p)
{
	unsigned int major = 0, minor = 0, patch = 0;
	struct utsname name;

	EXPECT(uname(&name) == 0);
	EXPECT(sscanf(name.release, "%u.%u.%u", &major, &minor, &patch) >= 2);
	patch = patch < 255 ? patch : 255;
	EXPECT(p->release == (major << 16 | minor << 8 | patch));
	EXPECT(strcmp(p->release_text, name.release) == 0);
	if (major > 5 || (major == 5 && minor >= 9))
		EXPECT(p->rule == OOMCTL_SCORE_RULE_5_9);
	EXPECT(has(p, OOMCTL_PROBE_RELEASE));
}

static void expect_the_page_size_and_mrelease(const struct oomctl_probe *p)
{
	EXPECT(p->page_size == (uint32_t)sysconf(_SC_PAGESIZE));
	EXPECT(has(p, OOMCTL_PROBE_MRELEASE) ==
	       (syscall(448, -1, 0) < 0 && errno == EBADF));
}

static void expect_the_proc(const struct oomctl_probe *p)
{
	struct statfs s;

	EXPECT(statfs("/proc", &s) == 0);
	EXPECT(has(p, OOMCTL_PROBE_PROCFS) == (s.f_type == PROC_SUPER_MAGIC));
	EXPECT(has(p, OOMCTL_PROBE_COMPLETE) == (access("/proc/meminfo", F_OK) == 0));
	EXPECT(has(p, OOMCTL_PROBE_HIDDEN) == (access("/proc/1/stat", F_OK) < 0));
	EXPECT(has(p, OOMCTL_PROBE_PRESSURE) ==
	       can_open("/proc/pressure/memory", O_RDONLY));
}

static void expect_the_caller(const struct oomctl_probe *p)
{
	uint64_t caps = effective_capabilities();

	EXPECT(has(p, OOMCTL_PROBE_SYS_RESOURCE) == (caps >> CAP_SYS_RESOURCE & 1));
	EXPECT(has(p, OOMCTL_PROBE_SYS_ADMIN) == (caps >> CAP_SYS_ADMIN & 1));
	EXPECT(has(p, OOMCTL_PROBE_DAC_OVERRIDE) == (caps >> CAP_DAC_OVERRIDE & 1));
	EXPECT(has(p, OOMCTL_PROBE_SYS_PTRACE) == (caps >> CAP_SYS_PTRACE & 1));
	EXPECT(has(p, OOMCTL_PROBE_INITIAL_USER_NAMESPACE) == is_initial());
	EXPECT(has(p, OOMCTL_PROBE_DUMPABLE) == (prctl(PR_GET_DUMPABLE) == 1));
}

static void expect_the_floor(const struct oomctl_probe *p)
{
	int32_t adj = number_in("/proc/self/oom_score_adj");
	bool has_none =
	    is_initial() && (effective_capabilities() >> CAP_SYS_RESOURCE & 1);

	EXPECT(has(p, OOMCTL_PROBE_FLOOR));
	EXPECT(p->floor == (has_none ? OOMCTL_ADJUST_NO_FLOOR : adj));
	EXPECT(has(p, OOMCTL_PROBE_FLOOR_EXACT) ==
	       (has_none || adj == OOMCTL_SCORE_ADJ_MIN));
}

static void expect_the_knobs(const struct oomctl_probe *p)
{
	bool is_writable = can_open("/proc/sys/vm/overcommit_memory", O_WRONLY);

	EXPECT(has(p, OOMCTL_PROBE_VM_WRITABLE) == is_writable);
	EXPECT((p->vm_cause == OOMCTL_WHY_NONE) == is_writable);
}

/* meminfo is one page, and the limit moves when somebody sets the share. */
static void expect_the_limits(const struct oomctl_probe *p)
{
	char text[64];
	uint64_t kb = 0;

	EXPECT(has(p, OOMCTL_PROBE_COMMIT_LIMITS) == has(p, OOMCTL_PROBE_COMPLETE));
	if (!has(p, OOMCTL_PROBE_COMMIT_LIMITS))
		return;

	EXPECT(line_of("/proc/meminfo", "CommitLimit:", text, sizeof(text)));
	EXPECT(sscanf(text, "%" SCNu64, &kb) == 1);
	EXPECT(p->printed_limit_kb == kb && p->computed_limit_kb == kb);
	EXPECT(!has(p, OOMCTL_PROBE_MEMINFO_FAKED));
}

/* As a shell would: where the line is, and the file below. */
static void expect_the_cgroup(const struct oomctl_probe *p)
{
	char line[1024], file[1200], text[64];
	bool is_first = false, is_second;
	unsigned int id;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (!is_first && f && fgets(text, sizeof(text), f))
		is_first = sscanf(text, "%u:memory:%1[/]", &id, line) == 2;
	if (f)
		fclose(f);
	is_second = line_of("/proc/self/cgroup", "0::", line, sizeof(line));
	EXPECT(p->cgroup_version == (is_first ? 1 : is_second ? 2 : 0));

	if (is_first) {
		snprintf(text, sizeof(text), "%u:memory:", id);
		EXPECT(line_of("/proc/self/cgroup", text, line, sizeof(line)));
	}
	line[strcspn(line, "\n")] = '\0';
	snprintf(file, sizeof(file), "/sys/fs/cgroup%s%s/%s", is_first ? "/memory" : "",
		 line, is_first ? "memory.limit_in_bytes" : "memory.max");
	if (!line_of(file, "", text, sizeof(text))) {
		EXPECT(has(p, OOMCTL_PROBE_CGROUP_LIMIT) == (strcmp(line, "/") == 0));
		return;
	}
	EXPECT(has(p, OOMCTL_PROBE_CGROUP_LIMIT));
	if (strcmp(text, "max\n") == 0 || strtoull(text, NULL, 10) > INT64_MAX - 65536)
		EXPECT(p->cgroup_limit_bytes == UINT64_MAX);
	else
		EXPECT(p->cgroup_limit_bytes == strtoull(text, NULL, 10));
}

static void say(const char *where, const struct oomctl_probe *p)
{
	dprintf(STDOUT_FILENO,
		"%-28s flags 0x%" PRIx64
		" %s vm_cause %d floor %d cgroup %u limit %" PRIu64 " commit %" PRIu64
		"/%" PRIu64 " kB\n",
		where, p->flags, p->release_text, (int)p->vm_cause, p->floor,
		p->cgroup_version, p->cgroup_limit_bytes, p->computed_limit_kb,
		p->printed_limit_kb);
}

static void read_probe(const char *where, struct oomctl_probe *p)
{
	memset(p, 0x77, sizeof(*p));
	EXPECT(oomctl_probe_read(NULL, p, sizeof(*p)) == 0);
	say(where, p);
}

static bool put(const char *dir, const char *name, const char *text)
{
	char path[128];
	bool is_put;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	is_put = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return is_put;
}

static void look_here(void)
{
	struct oomctl_probe p, below;
	struct oomctl_ctx *ctx;

	read_probe("here", &p);
	expect_the_kernel(&p);
	expect_the_page_size_and_mrelease(&p);
	expect_the_proc(&p);
	expect_the_caller(&p);
	expect_the_floor(&p);
	expect_the_knobs(&p);
	expect_the_limits(&p);
	expect_the_cgroup(&p);

	EXPECT(oomctl_ctx_new("/proc", "/sys", &ctx) == 0);
	EXPECT(oomctl_probe_read(ctx, &below, sizeof(below)) == 0);
	EXPECT(memcmp(&below, &p, sizeof(p)) == 0);
	oomctl_ctx_free(ctx);
}

static void each_field_is_what_the_machine_says(void **state)
{
	(void)state;
	in_child(look_here);
}

static char cgroup[64];

/* Where the memory controller is, if a cgroup can be made there. */
static const char *make_cgroup(void)
{
	static const char *const limits[] = { "memory.max", "memory.limit_in_bytes" };

	for (size_t i = 0; i < LENGTH(limits); i++) {
		snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup%s/oomctl-test-%d",
			 i == 0 ? "" : "/memory", getpid());
		if (mkdir(cgroup, 0755) < 0)
			continue;
		if (put(cgroup, limits[i], "536870912"))
			return limits[i];
		rmdir(cgroup);
	}
	return NULL;
}

static int remove_cgroup(void **state)
{
	(void)state;
	rmdir(cgroup);
	return 0;
}

static void look_in_a_cgroup(void)
{
	struct oomctl_probe p;

	EXPECT(put(cgroup, "cgroup.procs", "0"));
	read_probe("a cgroup with a limit", &p);
	expect_the_cgroup(&p);
	EXPECT(has(&p, OOMCTL_PROBE_CGROUP_LIMIT) && !has(&p, OOMCTL_PROBE_OOM_GROUP));
	EXPECT(p.cgroup_limit_bytes == 536870912);
	if (p.cgroup_version == 2) {
		EXPECT(put(cgroup, "memory.oom.group", "1"));
		read_probe("and with memory.oom.group", &p);
		EXPECT(has(&p, OOMCTL_PROBE_OOM_GROUP));
	}
}

static void the_limit_of_a_cgroup_is_told(void **state)
{
	(void)state;
	if (!make_cgroup())
		SKIP_UNAVOIDABLE("no right to make a cgroup with a memory controller");
	in_child(look_in_a_cgroup);
}

static void become_root_of_a_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", (int)geteuid());
	if (unshare(CLONE_NEWUSER) < 0)
		SKIP_CHILD("no right to make a user namespace");
	EXPECT(put("/proc/self", "uid_map", map));
}

static void look_in_a_user_namespace(void)
{
	struct oomctl_probe p;

	become_nobody();
	read_probe("nobody, after setuid()", &p);
	expect_the_caller(&p);
	expect_the_knobs(&p);
	EXPECT(!has(&p, OOMCTL_PROBE_DUMPABLE) && p.vm_cause == OOMCTL_WHY_NOT_ROOT);

	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	become_root_of_a_namespace();
	read_probe("root of a user namespace", &p);
	expect_the_proc(&p);
	expect_the_caller(&p);
	expect_the_floor(&p);
	expect_the_knobs(&p);
	expect_the_limits(&p);
	EXPECT(has(&p, OOMCTL_PROBE_SYS_RESOURCE) && has(&p, OOMCTL_PROBE_DUMPABLE));
	EXPECT(!has(&p, OOMCTL_PROBE_INITIAL_USER_NAMESPACE));
	EXPECT(!has(&p, OOMCTL_PROBE_FLOOR_EXACT) || p.floor == OOMCTL_SCORE_ADJ_MIN);
	EXPECT(p.vm_cause == OOMCTL_WHY_HOST_WIDE);
}

static void in_a_user_namespace_capabilities_do_not_count(void **state)
{
	(void)state;
	in_child(look_in_a_user_namespace);
}

static void look_hidden(const char *options)
{
	struct oomctl_probe p;
	int status;
	pid_t pid;

	mount_proc(options);
	pid = fork(); /* pid 1 stays root */
	if (pid == 0) {
		become_nobody();
		read_probe(options, &p);
		expect_the_kernel(&p);
		expect_the_proc(&p);
		expect_the_caller(&p);
		expect_the_limits(&p);
		EXPECT(has(&p, OOMCTL_PROBE_HIDDEN));
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void look_with_noaccess(void)
{
	look_hidden("hidepid=noaccess");
}

static void look_with_invisible(void)
{
	look_hidden("hidepid=invisible");
}

static void look_with_ptraceable(void)
{
	look_hidden("hidepid=ptraceable");
}

static void a_hidden_proc_is_noticed(void **state)
{
	(void)state;
	in_namespaces(look_with_noaccess);
	in_namespaces(look_with_invisible);
	in_namespaces(look_with_ptraceable);
}

static void look_at_processes_only(void)
{
	struct oomctl_probe p;

	mount_proc("subset=pid");
	read_probe("subset=pid", &p);
	expect_the_proc(&p);
	expect_the_caller(&p);
	expect_the_floor(&p);
	expect_the_limits(&p);
	expect_the_cgroup(&p);
	EXPECT(has(&p, OOMCTL_PROBE_PROCFS) && !has(&p, OOMCTL_PROBE_COMPLETE));
	EXPECT(!has(&p, OOMCTL_PROBE_RELEASE) && p.release == 0 && p.rule == 0);
	EXPECT(p.vm_cause == OOMCTL_WHY_HIDDEN);
}

static void look_at_a_container(void)
{
	struct oomctl_probe p;

	mount_proc("");
	EXPECT(mount("/proc/sys", "/proc/sys", "none", MS_BIND | MS_REC, NULL) == 0);
	EXPECT(mount("none", "/proc/sys", "none", MS_BIND | MS_REMOUNT | MS_RDONLY,
		     NULL) == 0);
	read_probe("read-only /proc/sys", &p);
	expect_the_proc(&p);
	EXPECT(p.vm_cause == OOMCTL_WHY_READ_ONLY);
}

/* As lxcfs does: another file in the place of meminfo. */
static void look_at_a_faked_meminfo(void)
{
	static const char fake[] =
	    "MemTotal: 1048576 kB\nSwapTotal: 0 kB\nHugetlb: 0 kB\n"
	    "CommitLimit: 12342044 kB\n";
	char path[] = "/tmp/oomctl-meminfo-XXXXXX";
	int fd = mkstemp(path);
	struct oomctl_probe p;

	EXPECT(write(fd, fake, strlen(fake)) == (ssize_t)strlen(fake));
	close(fd);
	mount_proc("");
	EXPECT(mount(path, "/proc/meminfo", "none", MS_BIND, NULL) == 0);
	EXPECT(unlink(path) == 0);
	read_probe("meminfo of a container", &p);
	EXPECT(has(&p, OOMCTL_PROBE_COMMIT_LIMITS | OOMCTL_PROBE_MEMINFO_FAKED));
	EXPECT(has(&p, OOMCTL_PROBE_MEMINFO_FAKED));
	EXPECT(p.printed_limit_kb == 12342044 && p.computed_limit_kb != 12342044);
}

static void what_a_container_gets_is_noticed(void **state)
{
	(void)state;
	in_namespaces(look_at_processes_only);
	in_namespaces(look_at_a_container);
	in_namespaces(look_at_a_faked_meminfo);
}

static void look_without_proc(void)
{
	struct oomctl_probe p;

	EXPECT(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
	read_probe("no /proc", &p);
	expect_the_page_size_and_mrelease(&p);
	EXPECT((p.flags & ~(uint64_t)(OOMCTL_PROBE_HIDDEN | OOMCTL_PROBE_DUMPABLE |
				      OOMCTL_PROBE_MRELEASE)) == 0);
	EXPECT(p.vm_cause == OOMCTL_WHY_NOT_PROC && p.cgroup_version == 0);
}

static void without_proc_nothing_is_known(void **state)
{
	(void)state;
	in_namespaces(look_without_proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_what_the_machine_says),
		cmocka_unit_test_teardown(the_limit_of_a_cgroup_is_told, remove_cgroup),
		cmocka_unit_test(in_a_user_namespace_capabilities_do_not_count),
		cmocka_unit_test(a_hidden_proc_is_noticed),
		cmocka_unit_test(what_a_container_gets_is_noticed),
		cmocka_unit_test(without_proc_nothing_is_known),
	};

	return cmocka_run_group_tests_name("live probe", tests, NULL, NULL);
}
